# The image of the API, the workers, beat and the migrations; docker-compose.yml says which of them a container is.
FROM python:3.13-slim-trixie AS build
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
COPY requirements.lock ./
RUN pip install --require-hashes --only-binary :all: --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY planner planner
COPY models models
COPY workers workers
COPY api api
COPY cli cli
COPY migrations migrations
RUN pip install --no-deps --no-build-isolation --editable . && python -m compileall -q .

FROM python:3.13-slim-trixie
COPY --from=build /venv /venv
COPY --from=build /app /app
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER 10001:10001
CMD ["slotwise", "--help"]
