"""Search patients by the beginnings of their names."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SEARCH_WORDS = r"""
CREATE FUNCTION search_words(value text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (
    SELECT coalesce(array_to_tsvector(array_agg(DISTINCT "left"(word, 100))), ''::tsvector)
    FROM regexp_split_to_table(
        translate(
            replace(replace(replace(replace(
                regexp_replace(normalize(lower(value), NFD), U&'[\0300-\036F]', '', 'g'),
                'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
            'øłđðħŧı', 'olddhti'),
        U&'[\0001-\002F\003A-\0060\007B-\00BF\2000-\206F\3000]+') AS word
    WHERE word <> ''
)
"""


def upgrade() -> None:
    op.execute(SEARCH_WORDS)
    op.create_index(
        "patient_search_index",
        "patient",
        [sa.text("search_words(name || ' ' || external_id)")],
        unique=False,
        postgresql_using="gin",
    )


def downgrade() -> None:
    op.drop_index("patient_search_index", "patient")
    op.execute("DROP FUNCTION search_words")
