"""What looks like a secret in a step, and what does not."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from relorch.model.secret_text import secrets_in

AWS = "AKIA" + "IOSFODNN7EXAMPLQ"
GITHUB = "ghp_" + "16C7e42F292c6912E7710c838347Ae178B4a"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"

SECRETS = [
    f"export AWS_ACCESS_KEY_ID={AWS}",
    f"aws configure set aws_access_key_id {AWS}",
    "-----BEGIN RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----",
    "PGPASSWORD=hunter2 psql -h db1 -c 'select 1'",
    "export DB_PASSWORD='correct horse'",
    'mysql --password="s3cr3t!" -e "select 1"',
    "mysql --password=s3cr3t -u root",
    "kubectl create secret generic db --from-literal=password=hunter2",
    "helm upgrade app . --set db.password=hunter2",
    "helm upgrade app . --set auth.adminPassword=Pa55word",
    "  password: hunter2",
    '  "client_secret": "0f9a8b7c6d5e",',
    "api_key = 'abcd1234efgh'",
    "API-KEY: k3yk3yk3y",
    "curl -H 'Authorization: Bearer 2YotnFZFEjr1zCsicMWpAA' https://api.example",
    f'curl -H "Authorization: Bearer {JWT}" https://api.example',
    f"TOKEN={JWT}",
    f"git clone https://x-access-token:{GITHUB}@git.example/app.git",
    f"echo {GITHUB} | docker login -u me --password-stdin",
    "psql postgres://app:hunter2@db1/app",
    "ALTER USER app WITH PASSWORD 'hunter2';",
    "CREATE USER app IDENTIFIED BY 'hunter2';",
    "xoxb-" + "123456789012-123456789012-abcdefghijklmnopqrstuvwx",
]

CLEAN = [
    "kubectl -n acme-prod get secret db-password -o yaml",
    "kubectl -n acme-prod create secret generic db --from-env-file=.env",
    "kubectl create secret generic db --from-literal=password=$PASSWORD",
    'kubectl create secret generic db --from-literal=password="$(cat /run/pw)"',
    "kubectl create secret generic db --from-file=password=./pw",
    "kubectl create secret generic db --from-env",
    "kubectl rollout status deploy/app --timeout=120s",
    "kubectl set image deploy/app app=registry.example/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "kubectl get pod -o jsonpath='{.items[0].metadata.name}'",
    "kubectl -n ${{ namespace }} exec deploy/app -- env | grep -c TOKEN",
    "PGPASSWORD=$DB_PASSWORD psql -h db1",
    "PGPASSWORD=${DB_PASSWORD} psql -h db1",
    'PGPASSWORD="$(vault read -field=password db/app)" psql',
    "PGPASSWORD=`pass show db` psql",
    "PGPASSWORD=${{ vars.password | sh }} psql",
    "export TOKEN=$(cat /var/run/token)",
    "export SECRET_NAME=db-credentials",
    "export TOKEN_FILE=/var/run/token",
    "secretName: tls-cert",
    "imagePullSecrets: registry",
    "passwordSecretRef:",
    "--password-stdin",
    "mysql --password -u root",
    "helm upgrade app . --set existingSecret=db-credentials --set image.tag=4.2.0",
    "helm upgrade app . --set auth.existingSecretPasswordKey=password",
    "helm template . | kubectl apply -f -",
    "psql postgres://app:$PASSWORD@db1/app",
    "psql postgres://app:${{ vars.pw }}@db1/app",
    "psql postgres://app@db1/app",
    "git log 9fceb02d0ae598e95dc970b74767f19372d61af8",
    'curl -H "Authorization: Bearer $TOKEN" https://api.example',
    'curl -H "Authorization: Bearer ${{ vars.token }}" https://api.example',
    "Ask Ben for the password: it is in the vault.",
    "Password: see the vault",
    "password: <from the vault>",
    "password: ${DB_PASSWORD}",
    "Rotate the token, then the secret and the password.",
    "SELECT password FROM users WHERE token IS NULL;",
    "UPDATE users SET password = NULL;",
    "UPDATE users SET password = $1 WHERE id = $2;",
    "ALTER TABLE users ADD COLUMN api_key text;",
    "ALTER USER app WITH PASSWORD :'pw';",
    "CREATE INDEX users_token_idx ON users (token);",
    "SELECT count(*) FROM tokens WHERE token_type = 'refresh';",
    "UPDATE settings SET value = 'on' WHERE name = 'secret_scanning';",
    "docker run -e DB_PASSWORD app",
    'echo "password changed"',
    'if [ -z "$PASSWORD" ]; then exit 1; fi',
    "openssl rand -base64 32",
    "ssh-keygen -y -f ~/.ssh/id_ed25519",
    "mysql -P 3306 -u app -p db",
    'sshpass -p "$PW" ssh host',
    "docker login -u app --password-stdin r.example",
    "curl -u app:$PW https://x",
    "make bypass=true1 compat=abcd PATH=abc1:def2 PASS_COUNT=1000",
    "export GOOGLE_APPLICATION_CREDENTIALS=/run/key.json",
]


@pytest.mark.parametrize("line", SECRETS)
def test_a_secret_is_found_on_its_line(line: str) -> None:
    assert [number for number, _ in secrets_in(f"set -e\n{line}\necho ok")] == [2]


@pytest.mark.parametrize("line", CLEAN)
def test_what_is_no_secret_is_left_alone(line: str) -> None:
    assert secrets_in(line) == ()


def test_the_secret_itself_is_never_repeated() -> None:
    for line in SECRETS:
        assert all(len(kind) < 40 and kind not in line for _, kind in secrets_in(line))


def test_a_long_text_does_not_take_long() -> None:
    for text in (
        "kubectl get pods -n acme-prod\n" * 2_000,
        "a" * 65_000,
        "password" * 8_000,
        "x=" * 32_000,
        "token:" * 10_000,
        "mysql " * 10_000,
        "curl -u " * 8_000,
    ):
        begun = time.perf_counter()
        secrets_in(text)
        assert time.perf_counter() - begun < 2, text[:20]


def test_looking_for_secrets_asks_no_network_and_loads_late() -> None:
    code = "import sys, relorch; print('detect_secrets' in sys.modules, 'requests' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "False"]
