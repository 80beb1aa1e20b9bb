# An image with the command `scenery`:
#   docker build --tag scenery .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" scenery run config.yaml
# For NVIDIA cards: docker build --build-arg HARDWARE=gpu, docker run --gpus all
FROM python:3.12-slim

RUN apt-get update && apt-get install --yes --no-install-recommends git graphviz make

WORKDIR /opt/scenery
COPY Makefile setup.sh pyproject.toml README.md LICENSE Snakefile ./
COPY requirements requirements
COPY src src
COPY workflow workflow
COPY config config
COPY profiles profiles

ARG HARDWARE=cpu
RUN make install HARDWARE=$HARDWARE

# Snakemake, Matplotlib and Keras write caches below HOME.
ENV PATH=/opt/scenery/.venv/bin:$PATH HOME=/tmp
WORKDIR /work
ENTRYPOINT ["scenery"]
