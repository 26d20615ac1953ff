-- Everything of our schema that refuses what must not be, one row each (`models.validation.stored_rules.StoredRule`).
-- In the schema that unqualified names mean; Alembic's own table is none of ours.
WITH ours AS (
    SELECT c.oid, c.relname::text AS name
    FROM pg_class c
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
), attribute AS (
    SELECT ours.oid, ours.name AS table_name, a.attnum, a.attname::text AS name, a.atttypid, a.atttypmod,
        a.attgenerated, a.attidentity, d.oid AS expression,
        regexp_replace(pg_get_expr(d.adbin, d.adrelid, true), '\s+', ' ', 'g') AS written
    FROM ours JOIN pg_attribute a ON a.attrelid = ours.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
), constrained AS (
    SELECT c.*, ours.name AS table_name,
        coalesce((
            SELECT array_agg(a.name ORDER BY place) FROM unnest(c.conkey) WITH ORDINALITY AS k (attnum, place)
            JOIN attribute a ON a.oid = c.conrelid AND a.attnum = k.attnum
        ), '{}') AS columns
    FROM pg_constraint c JOIN ours ON ours.oid = c.conrelid
    WHERE c.contype IN ('c', 'n', 'p', 'u', 'f')
)
SELECT 'extension' AS kind, '' AS "table", extname::text AS name, 'EXTENSION ' || extname AS definition,
    '{}'::text[] AS columns, '{}'::text[] AS needs, NULL AS condition, '{}'::text[] AS "references", NULL AS lapse
FROM pg_extension WHERE extname = 'btree_gist'
UNION ALL
SELECT 'table', '', name, 'TABLE ' || name, '{}', '{}', NULL, '{}', NULL FROM ours
UNION ALL
SELECT CASE WHEN attgenerated <> '' THEN 'generated' ELSE 'column' END, table_name, name,
    format_type(atttypid, atttypmod)
        || CASE WHEN attgenerated <> '' THEN format(' GENERATED ALWAYS AS (%s) STORED', written) ELSE '' END
        || CASE WHEN attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY' ELSE '' END,
    ARRAY[name],
    ARRAY[table_name] || coalesce((
        SELECT array_agg(base.table_name || '.' || base.name ORDER BY base.name)
        FROM pg_depend p JOIN attribute base ON base.oid = p.refobjid AND base.attnum = p.refobjsubid
        WHERE attribute.attgenerated <> '' AND p.classid = 'pg_attrdef'::regclass AND p.objid = attribute.expression
            AND p.refobjid = attribute.oid AND p.refobjsubid <> attribute.attnum
    ), '{}'),
    CASE WHEN attgenerated <> '' THEN format('%I IS NOT DISTINCT FROM (%s)', name, written) END, '{}', NULL
FROM attribute
UNION ALL
SELECT CASE contype WHEN 'c' THEN 'check' WHEN 'n' THEN 'not_null' WHEN 'p' THEN 'primary_key' WHEN 'u' THEN 'unique'
        ELSE 'foreign_key' END,
    table_name, conname::text,
    regexp_replace(pg_get_constraintdef(oid, true), ' (NOT VALID|NOT ENFORCED)$', ''),
    columns,
    ARRAY(SELECT table_name || '.' || name FROM unnest(columns) AS name)
        || CASE WHEN contype = 'u' AND conperiod THEN ARRAY['btree_gist'] ELSE '{}' END
        || ARRAY(
            SELECT keyed.name || '.' || key.relname FROM pg_class key, ours keyed
            WHERE contype = 'f' AND key.oid = conindid AND keyed.oid = confrelid
        ),
    CASE contype WHEN 'c' THEN pg_get_expr(conbin, conrelid, true) END,
    CASE WHEN contype = 'f' THEN ARRAY[(SELECT name FROM ours WHERE oid = confrelid)] || ARRAY(
        SELECT a.name FROM unnest(confkey) WITH ORDINALITY AS k (attnum, place)
        JOIN attribute a ON a.oid = confrelid AND a.attnum = k.attnum ORDER BY place
    ) ELSE '{}' END,
    CASE
        WHEN NOT conenforced THEN 'not_enforced'
        WHEN NOT convalidated THEN 'not_valid'
        WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = constrained.oid AND t.tgenabled IN ('D', 'R'))
            THEN 'disabled'
        WHEN contype IN ('p', 'u') AND EXISTS (
            SELECT FROM pg_index i WHERE i.indexrelid = conindid AND NOT (indisvalid AND indisready AND indisunique)
        ) THEN 'invalid'
    END
FROM constrained
UNION ALL
SELECT 'unique_index', ours.name, c.relname::text, pg_get_indexdef(i.indexrelid, 0, true),
    ARRAY(
        SELECT a.name FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, place)
        JOIN attribute a ON a.oid = i.indrelid AND a.attnum = k.attnum ORDER BY place
    ),
    ARRAY(
        SELECT DISTINCT ours.name || '.' || a.name
        FROM pg_depend p JOIN attribute a ON a.oid = p.refobjid AND a.attnum = p.refobjsubid
        WHERE p.classid = 'pg_class'::regclass AND p.objid = i.indexrelid AND p.refobjid = i.indrelid ORDER BY 1
    ),
    pg_get_expr(i.indpred, i.indrelid, true), '{}', CASE WHEN NOT (indisvalid AND indisready) THEN 'invalid' END
FROM pg_index i JOIN ours ON ours.oid = i.indrelid JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
UNION ALL
SELECT 'trigger', ours.name, t.tgname::text, pg_get_triggerdef(t.oid, true), '{}',
    ARRAY[ours.name, f.proname || '()'] || ARRAY(
        SELECT DISTINCT ours.name || '.' || a.name
        FROM pg_depend p JOIN attribute a ON a.oid = p.refobjid AND a.attnum = p.refobjsubid
        WHERE p.classid = 'pg_trigger'::regclass AND p.objid = t.oid AND p.refobjid = t.tgrelid ORDER BY 1
    ),
    NULL, '{}', CASE WHEN t.tgenabled IN ('D', 'R') THEN 'disabled' END
FROM pg_trigger t JOIN ours ON ours.oid = t.tgrelid JOIN pg_proc f ON f.oid = t.tgfoid
WHERE NOT t.tgisinternal
UNION ALL
SELECT 'function', '', f.proname || '()', replace(pg_get_functiondef(f.oid), quote_ident(current_schema()) || '.', ''),
    '{}', '{}', NULL, '{}', NULL
FROM pg_proc f
WHERE f.pronamespace = current_schema()::regnamespace AND f.prorettype = 'trigger'::regtype
