/**
 * How a connector is started, one text for each way: to be copied whole and run as it stands. What they have in common with
 * `docker-compose.yml` and the image is held together by test/web/connector-texts.test.ts.
 */
export interface Started {
  readonly key: string;
  /** The container image, by the name under which the machine, or the cluster, finds it. */
  readonly image: string;
  /** The controller listens on this machine alone, and so the connector has to share its network. */
  readonly isTrial: boolean;
}

export type Way = 'shell' | 'docker' | 'compose' | 'systemd' | 'kubernetes';

export const ways: readonly { readonly id: Way; readonly label: string; readonly isContainer: boolean }[] = [
  { id: 'shell', label: 'Shell', isContainer: false },
  { id: 'docker', label: 'Docker', isContainer: true },
  { id: 'compose', label: 'Compose', isContainer: true },
  { id: 'systemd', label: 'systemd', isContainer: false },
  { id: 'kubernetes', label: 'Kubernetes', isContainer: true },
];

export function connectorText(way: Way, started: Started): string {
  return texts[way](started);
}

/** As the image runs every server: nobody's user, nothing to write to but its state. */
const user = 65_532;

const texts: Readonly<Record<Way, (started: Started) => string>> = {
  shell: ({ key }) => `postern connector --key ${key} --state /var/lib/postern`,

  docker: ({ key, image, isTrial }) =>
    [
      'docker run -d --name postern-connector --restart unless-stopped --init',
      `  --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges:true${isTrial ? ' --network host' : ''}`,
      `  --health-cmd 'node deploy/healthcheck.mjs /data' --stop-timeout 40`,
      `  -v postern-connector:/data -e POSTERN_KEY=${key}`,
      `  ${image} connector --state=/data`,
    ].join(' \\\n'),

  compose: ({ key, image, isTrial }) => `services:
  postern-connector:
    image: ${image}
    restart: unless-stopped
    init: true
    user: '${user}:${user}'
    read_only: true
    tmpfs: [/tmp]
    cap_drop: [ALL]
    security_opt: ['no-new-privileges:true']
    stop_grace_period: 40s
${isTrial ? '    network_mode: host\n' : ''}    command: [connector, --state=/data]
    environment:
      POSTERN_KEY: ${key}
    volumes: ['postern-connector:/data']
    healthcheck:
      test: [CMD, node, deploy/healthcheck.mjs, /data]
      interval: 30s
      timeout: 5s
      start_period: 20s

volumes:
  postern-connector:
`,

  systemd: ({ key }) => `sudo install -d -m 0700 /etc/postern
echo ${key} | sudo install -m 0600 /dev/stdin /etc/postern/connector.key
sudo tee /etc/systemd/system/postern-connector.service <<'UNIT'
[Unit]
Description=Postern connector
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/local/bin/postern connector --key-file %d/key --state %S/postern-connector/state
LoadCredential=key:/etc/postern/connector.key
DynamicUser=yes
StateDirectory=postern-connector
StateDirectoryMode=0700
Restart=on-failure
RestartSec=5
TimeoutStopSec=40
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK

[Install]
WantedBy=multi-user.target
UNIT
sudo systemctl daemon-reload
sudo systemctl enable --now postern-connector
`,

  kubernetes: ({ key, image }) => `kubectl apply -f - <<'YAML'
apiVersion: v1
kind: Secret
metadata:
  name: postern-connector
stringData:
  key: ${key}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: postern-connector
spec:
  serviceName: postern-connector
  replicas: 1
  selector:
    matchLabels: { app: postern-connector }
  template:
    metadata:
      labels: { app: postern-connector }
    spec:
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 40
      securityContext:
        runAsNonRoot: true
        runAsUser: ${user}
        runAsGroup: ${user}
        fsGroup: ${user}
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: connector
          image: ${image}
          args: [connector, --state=/data/state]
          env:
            - name: POSTERN_KEY
              valueFrom:
                secretKeyRef: { name: postern-connector, key: key }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          readinessProbe:
            exec:
              command: [node, deploy/healthcheck.mjs, /data/state]
            periodSeconds: 30
            timeoutSeconds: 5
          volumeMounts:
            - { name: data, mountPath: /data }
            - { name: tmp, mountPath: /tmp }
      volumes:
        - name: tmp
          emptyDir: {}
  volumeClaimTemplates:
    - metadata:
        name: data
      spec:
        accessModes: [ReadWriteOnce]
        resources:
          requests:
            storage: 100Mi
YAML
`,
};
