# glia serve in a container:
#   docker build -t glia .
#   docker run --rm -v "$PWD/keys:/keys" --entrypoint /opt/glia/glia glia keys add alice --keys /keys/keys.txt
#   docker run --stop-timeout 40 -p 8080:8080 -v "$PWD/keys:/keys" -v glia-models:/models glia SmolLM2-135M-Instruct

FROM maven:3.9-eclipse-temurin-25 AS build
WORKDIR /opt/glia
COPY . .
# The first start of the launcher builds what it needs into lib.
RUN ./glia --version

FROM eclipse-temurin:25-jdk
RUN useradd --uid 10001 --create-home glia
COPY --from=build --chown=glia:glia /opt/glia/lib /opt/glia/lib
COPY --from=build /opt/glia/launch /opt/glia/launch
COPY --from=build /opt/glia/glia /opt/glia/glia
# A volume keeps the owner of the folder in the image.
RUN mkdir -p /models /keys && chown glia:glia /models /keys
USER glia
ENV HF_HOME=/models
# AOT caches, which otherwise the first start of each container makes: of `glia keys`, and of `glia serve`.
RUN /opt/glia/glia --version && /opt/glia/glia serve --help
WORKDIR /home/glia
EXPOSE 8080
# The image has bash, but may have no curl.
HEALTHCHECK --start-period=60s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 \
    && grep -q '^HTTP/1.1 200' <&3"]
ENTRYPOINT ["/opt/glia/glia", "serve", "--host", "0.0.0.0", "--keys", "/keys/keys.txt"]
