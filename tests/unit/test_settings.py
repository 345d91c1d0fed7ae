from pathlib import Path

import pytest

from berth.errors import ManifestError, Problem
from berth.settings import VARIABLES, Settings, told_processes
from kit.tables import for_each

KNOWN = (
    "(known: BERTH_STAGE, BERTH_FUNCTIONS_DIR, BERTH_MANIFESTS_DIR, BERTH_CONCURRENCY, "
    "BERTH_WAIT_SECONDS, BERTH_MAX_ENVIRONMENTS, BERTH_IDLE_SECONDS, BERTH_LOG_FORMAT, BERTH_ACCESS_LOG, "
    "BERTH_DRAIN_DELAY, BERTH_PROTECT_AFTER, BERTH_RELOAD, BERTH_TEMPLATE, BERTH_INLINE, BERTH_NO_TIMEOUT, "
    "BERTH_TLS_CERTIFICATE, BERTH_TLS_KEY, BERTH_TLS_CLIENT_CA, BERTH_CHECK, BERTH_EXTRAS, BERTH_SANDBOX, "
    "BERTH_QUEUE_URL, "
    "BERTH_STATE, BERTH_RESULT_BUCKET, BERTH_WORKER, BERTH_ASYNC_CONCURRENCY, BERTH_RETRY_SECONDS, "
    "BERTH_THROTTLE_SECONDS, BERTH_LEASE_SECONDS, BERTH_RESULT_SECONDS, BERTH_CALLBACK_SECONDS, "
    "BERTH_INVOKE_HERE)"
)

BAD = {
    "BERTH_CONCURRENCY=abc": "'abc' must be a whole number of 1 or more",
    "BERTH_CONCURRENCY=0": "'0' must be a whole number of 1 or more",
    "BERTH_CONCURRENCY=-4": "'-4' must be a whole number of 1 or more",
    "BERTH_CONCURRENCY=1.5": "'1.5' must be a whole number of 1 or more",
    "BERTH_MAX_ENVIRONMENTS=0": "'0' must be a whole number of 1 or more",
    "BERTH_MAX_ENVIRONMENTS=many": "'many' must be a whole number of 1 or more",
    "BERTH_WAIT_SECONDS=-1": "'-1' must be a number of 0 or more",
    "BERTH_WAIT_SECONDS=nan": "'nan' must be a number of 0 or more",
    "BERTH_WAIT_SECONDS=inf": "'inf' must be a number of 0 or more",
    "BERTH_WAIT_SECONDS=5s": "'5s' must be a number of 0 or more",
    "BERTH_IDLE_SECONDS=0": "'0' must be a number of 1 or more",
    "BERTH_IDLE_SECONDS=0.9": "'0.9' must be a number of 1 or more",
    "BERTH_IDLE_SECONDS=-1": "'-1' must be a number of 1 or more",
    "BERTH_IDLE_SECONDS=15m": "'15m' must be a number of 1 or more",
    "BERTH_IDLE_SECONDS=1e3": "'1e3' must be a number of 1 or more",
    "BERTH_IDLE_SECONDS=2147483648": "'2147483648' must be a number from 1 to 2147483647",
    "BERTH_LOG_FORMAT=JSON": "'JSON' must be text or json",
    "BERTH_LOG_FORMAT=logfmt": "'logfmt' must be text or json",
    "BERTH_ACCESS_LOG=1": "'1' must be off or text or json",
    "BERTH_LOG_FORMAT=json ": "'json ' must be text or json",
    "BERTH_DRAIN_DELAY=101": "'101' must be a number from 0 to 100",
    "BERTH_DRAIN_DELAY=100.1": "'100.1' must be a number from 0 to 100",
    "BERTH_DRAIN_DELAY=-1": "'-1' must be a number from 0 to 100",
    "BERTH_DRAIN_DELAY=5s": "'5s' must be a number from 0 to 100",
    "BERTH_PROTECT_AFTER=soon": "'soon' must be a number of 0 or more",
    "BERTH_PROTECT_AFTER=-0.5": "'-0.5' must be a number of 0 or more",
    "BERTH_PROTECT_AFTER=nan": "'nan' must be a number of 0 or more",
    "BERTH_SANDBOX=strict": "'strict' must be auto or files or namespaces or off",
    "BERTH_CHECK=yes": "'yes' must be strict or warn or off",
    "BERTH_RELOAD=true": "'true' must be 0 or 1",
    "BERTH_INVOKE_HERE=1": "'1' must be on or off",
    "BERTH_STAGE=": "must not be empty",
    "BERTH_FUNCTIONS_DIR=": "must not be empty",
    "BERTH_MANIFESTS_DIR=": "must not be empty",
    "PORT=http": "'http' must be a whole number from 0 to 65535",
    "PORT=-1": "'-1' must be a whole number from 0 to 65535",
    "PORT=65536": "'65536' must be a whole number from 0 to 65535",
    "PORT=80.0": "'80.0' must be a whole number from 0 to 65535",
    "PORT=tcp://10.0.0.1:8000": "'tcp://10.0.0.1:8000' must be a whole number from 0 to 65535",
    "BERTH_CONCURENCY=4": "unknown setting: did you mean BERTH_CONCURRENCY?",
    "BERTH_STAGES=dev": "unknown setting: did you mean BERTH_STAGE?",
    "BERTH_FUNCTION_DIR=x": "unknown setting: did you mean BERTH_FUNCTIONS_DIR?",
    "BERTH_MAX_ENVS=4": "unknown setting: did you mean BERTH_MAX_ENVIRONMENTS?",
    "BERTH_IDLE_SECOND=60": "unknown setting: did you mean BERTH_IDLE_SECONDS?",
    "BERTH_LOGFORMAT=json": "unknown setting: did you mean BERTH_LOG_FORMAT?",
    "BERTH_DRAIN=5": "unknown setting: did you mean BERTH_DRAIN_DELAY?",
    "BERTH_PROTECT=60": "unknown setting: did you mean BERTH_PROTECT_AFTER?",
    "BERTH_PORT=80": f"unknown setting {KNOWN}",
    "BERTH_PORT_80=tcp://10.0.0.1:80": f"unknown setting {KNOWN}",
    "BERTH_SERVICE_PORT=http": f"unknown setting {KNOWN}",
    "BERTH_=1": f"unknown setting {KNOWN}",
}


OF_PLATFORM = {
    "BERTH_SERVICE_HOST": "10.0.0.1",
    "BERTH_SERVICE_PORT": "8000",
    "BERTH_SERVICE_PORT_HTTP": "8000",
    "BERTH_PORT": "tcp://10.0.0.1:8000",
    "BERTH_PORT_8000_TCP": "tcp://10.0.0.1:8000",
    "BERTH_PORT_8000_TCP_PROTO": "tcp",
    "BERTH_PORT_8000_TCP_PORT": "8000",
    "BERTH_PORT_8000_TCP_ADDR": "10.0.0.1",
    "BERTH_PORT_53_UDP": "udp://[fd00::1]:53",
    "BERTH_PORT_53_UDP_ADDR": "fd00::1",
    "BERTH_API_SERVICE_HOST": "10.0.0.2",
    "BERTH_API_PORT_80_TCP": "tcp://10.0.0.2:80",
    "BERTH_NAME": "/web/berth",
}


def test_variables_of_the_platform_are_passed_over_with_a_line(caplog: pytest.LogCaptureFixture) -> None:
    assert Settings.from_environ(OF_PLATFORM).port == 8000
    names = ", ".join(sorted(OF_PLATFORM))
    assert caplog.messages == [f"passed over what the platform sets for a service: {names}"]


def test_nothing_is_logged_without_variables_of_the_platform(caplog: pytest.LogCaptureFixture) -> None:
    Settings.from_environ({"BERTH_STAGE": "dev"})
    assert caplog.messages == []


def test_the_variables_are_known():
    assert sorted(VARIABLES) == [
        "BERTH_ACCESS_LOG",
        "BERTH_ASYNC_CONCURRENCY",
        "BERTH_CALLBACK_SECONDS",
        "BERTH_CHECK",
        "BERTH_CONCURRENCY",
        "BERTH_DRAIN_DELAY",
        "BERTH_EXTRAS",
        "BERTH_FUNCTIONS_DIR",
        "BERTH_IDLE_SECONDS",
        "BERTH_INLINE",
        "BERTH_INVOKE_HERE",
        "BERTH_LEASE_SECONDS",
        "BERTH_LOG_FORMAT",
        "BERTH_MANIFESTS_DIR",
        "BERTH_MAX_ENVIRONMENTS",
        "BERTH_NO_TIMEOUT",
        "BERTH_PROTECT_AFTER",
        "BERTH_QUEUE_URL",
        "BERTH_RELOAD",
        "BERTH_RESULT_BUCKET",
        "BERTH_RESULT_SECONDS",
        "BERTH_RETRY_SECONDS",
        "BERTH_SANDBOX",
        "BERTH_STAGE",
        "BERTH_STATE",
        "BERTH_TEMPLATE",
        "BERTH_THROTTLE_SECONDS",
        "BERTH_TLS_CERTIFICATE",
        "BERTH_TLS_CLIENT_CA",
        "BERTH_TLS_KEY",
        "BERTH_WAIT_SECONDS",
        "BERTH_WORKER",
    ]


def test_nothing_has_to_be_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environ({})
    assert settings.stage == "dev"
    assert settings.functions_dir == tmp_path / "functions"
    assert settings.manifests_dir == tmp_path / "manifests"
    assert settings.concurrency >= 16
    assert settings.wait_seconds == 5
    assert settings.max_environments >= 4
    assert settings.idle_seconds == 900
    assert settings.log_format == "text"
    assert settings.access_log == "off"
    assert settings.drain_delay == 0
    assert settings.protect_after == 60
    assert (settings.check, settings.extras) == ("warn", ("aws", "speed"))
    assert settings.reload is False
    assert settings.inline == ()
    assert settings.no_timeout is False
    assert settings.port == 8000
    assert settings.region == "us-east-1"
    assert settings.account_id == "123456789012"
    assert (settings.log_group, settings.log_stream) == (None, None)
    assert settings.agent_uri is None
    assert settings.starts >= 1
    assert settings.passed_on == {}


def test_everything_can_be_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environ(
        {
            "BERTH_STAGE": "prod",
            "BERTH_FUNCTIONS_DIR": "code",
            "BERTH_MANIFESTS_DIR": "/etc/berth",
            "BERTH_CONCURRENCY": "4",
            "BERTH_WAIT_SECONDS": "0.5",
            "BERTH_MAX_ENVIRONMENTS": "8",
            "BERTH_IDLE_SECONDS": "1.5",
            "BERTH_LOG_FORMAT": "json",
            "BERTH_DRAIN_DELAY": "5",
            "BERTH_PROTECT_AFTER": "0.25",
            "BERTH_RELOAD": "1",
            "BERTH_TEMPLATE": "0",
            "BERTH_CHECK": "strict",
            "BERTH_EXTRAS": "aws, jwt,",
            "PORT": "80",
        }
    )
    assert settings.stage == "prod"
    assert settings.functions_dir == tmp_path / "code"
    assert settings.manifests_dir == Path("/etc/berth")
    assert settings.concurrency == 4
    assert settings.wait_seconds == 0.5
    assert settings.max_environments == 8
    assert settings.idle_seconds == 1.5
    assert settings.log_format == "json"
    assert settings.drain_delay == 5
    assert settings.protect_after == 0.25
    assert (settings.check, settings.extras) == ("strict", ("aws", "jwt"))
    assert settings.reload is True
    assert settings.port == 80


@pytest.mark.parametrize(
    "name",
    [
        "BERTH_CONCURRENCY",
        "BERTH_WAIT_SECONDS",
        "BERTH_MAX_ENVIRONMENTS",
        "BERTH_IDLE_SECONDS",
        "BERTH_INVOKE_HERE",
        "BERTH_LOG_FORMAT",
        "BERTH_DRAIN_DELAY",
        "BERTH_PROTECT_AFTER",
        "BERTH_RELOAD",
        "PORT",
    ],
)
def test_an_empty_setting_is_as_good_as_none(name):
    assert Settings.from_environ({name: ""}) == Settings.from_environ({})


@pytest.mark.parametrize(
    ("name", "text", "seconds"),
    [
        ("BERTH_IDLE_SECONDS", "1", 1),
        ("BERTH_IDLE_SECONDS", "2147483647", 2147483647),
        ("BERTH_DRAIN_DELAY", "0", 0),
        ("BERTH_DRAIN_DELAY", "100", 100),
        ("BERTH_DRAIN_DELAY", "0.5", 0.5),
        ("BERTH_PROTECT_AFTER", "0", 0),
        ("BERTH_PROTECT_AFTER", "3600", 3600),
    ],
)
def test_seconds_may_be_the_least_and_the_most_there_are(name, text, seconds):
    settings = Settings.from_environ({name: text})
    assert getattr(settings, name.removeprefix("BERTH_").lower()) == seconds


@pytest.mark.parametrize("text", ["text", "json"])
def test_a_log_format_is_one_of_two(text):
    assert Settings.from_environ({"BERTH_LOG_FORMAT": text}).log_format == text


@pytest.mark.parametrize(("text", "port"), [("0", 0), ("65535", 65535)])
def test_a_port_is_any_that_there_is(text, port):
    assert Settings.from_environ({"PORT": text}).port == port


def test_there_are_threads_for_every_environment_every_waiter_and_health():
    environ = {"BERTH_CONCURRENCY": "4", "BERTH_MAX_ENVIRONMENTS": "10"}
    assert Settings.from_environ(environ).threads == 22


def test_several_server_processes_divide_the_limits_and_each_keeps_one_at_least():
    whole = Settings(concurrency=17, max_environments=9, starts=1, wait_seconds=3)
    share = whole.share(2)
    assert (share.concurrency, share.max_environments, share.starts) == (8, 4, 1)
    assert (share.async_concurrency, share.event_environments) == (4, 2)
    assert (share.processes, share.wait_seconds) == (2, 3)
    assert whole.share(1) == whole
    assert whole.share(0).concurrency == 17  # gunicorn may be told to start no worker yet


@pytest.mark.parametrize(("text", "processes"), [(None, 1), ("", 1), ("3", 3)])
def test_number_of_server_processes_is_gunicorns(
    monkeypatch: pytest.MonkeyPatch, text: str | None, processes: int
) -> None:
    monkeypatch.delenv("WEB_CONCURRENCY", raising=False)
    if text is not None:
        monkeypatch.setenv("WEB_CONCURRENCY", text)
    assert told_processes() == processes


@pytest.mark.parametrize(
    ("environ", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2"),
    ],
)
def test_the_region_is_the_platforms(environ, region):
    assert Settings.from_environ(environ).region == region


@pytest.mark.parametrize(
    ("environ", "reload"),
    [
        ({"FLASK_RUN_FROM_CLI": "true"}, True),
        ({"FLASK_RUN_FROM_CLI": "true", "BERTH_RELOAD": "0"}, False),
        ({"BERTH_RELOAD": "1"}, True),
        ({"BERTH_RELOAD": "0"}, False),
    ],
)
def test_the_development_server_reloads_unless_told_not_to(environ, reload):
    assert Settings.from_environ(environ).reload is reload


@for_each(
    "name",
    [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "PATH",
        "LD_LIBRARY_PATH",
    ],
)
def test_what_functions_need_of_the_server_is_passed_on(name):
    assert Settings.from_environ({name: "x"}).passed_on == {name: "x"}


@pytest.mark.parametrize(
    "name",
    [
        "DATABASE_PASSWORD",
        "SECRET_KEY",
        "FLASK_SECRET_KEY",
        "HOME",
        "PYTHONPATH",
        "AWS_PROFILE",
        "path",
        "PORT",
    ],
)
def test_nothing_else_of_the_server_is_passed_on(name):
    assert Settings.from_environ({name: "1"}).passed_on == {}


def test_settings_are_not_passed_on():
    environ = {"BERTH_STAGE": "prod", "BERTH_CONCURRENCY": "4", "BERTH_RELOAD": "1"}
    assert Settings.from_environ(environ).passed_on == {}


def test_credentials_are_not_shown():
    assert "hush" not in repr(Settings.from_environ({"AWS_SECRET_ACCESS_KEY": "hush"}))


@for_each("setting, message", BAD.items())
def test_a_setting_that_cannot_be_honoured_is_refused(setting, message):
    name, _, value = setting.partition("=")
    with pytest.raises(ManifestError) as refused:
        Settings.from_environ({name: value})
    assert refused.value.problems == (Problem("environment", name, message),)


def test_all_bad_settings_are_reported_at_once():
    with pytest.raises(ManifestError) as refused:
        Settings.from_environ({"PORT": "http", "BERTH_STAGES": "dev", "BERTH_CONCURRENCY": "0"})
    assert str(refused.value) == (
        "3 problems in the manifests or settings, nothing was started:\n"
        "  environment: BERTH_CONCURRENCY: '0' must be a whole number of 1 or more\n"
        "  environment: BERTH_STAGES: unknown setting: did you mean BERTH_STAGE?\n"
        "  environment: PORT: 'http' must be a whole number from 0 to 65535"
    )


@pytest.fixture
def pem(tmp_path):
    """The path of a file that can be read."""
    path = tmp_path / "a.pem"
    path.write_text("anything")
    return str(path)


def test_a_certificate_comes_with_its_key_and_perhaps_an_authority(pem):
    settings = Settings.from_environ(
        {"BERTH_TLS_CERTIFICATE": pem, "BERTH_TLS_KEY": pem, "BERTH_TLS_CLIENT_CA": pem}
    )
    assert (settings.tls_certificate, settings.tls_key, settings.tls_client_ca) == (pem, pem, pem)


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("BERTH_TLS_CERTIFICATE", "BERTH_TLS_KEY"),
        ("BERTH_TLS_KEY", "BERTH_TLS_CERTIFICATE"),
        ("BERTH_TLS_CLIENT_CA", "BERTH_TLS_CERTIFICATE"),
    ],
)
def test_one_tls_file_needs_another(pem, name, needed):
    with pytest.raises(ManifestError, match=f"{name}: needs {needed} as well$"):
        Settings.from_environ({name: pem})


def test_a_tls_file_has_to_exist(pem, tmp_path):
    with pytest.raises(ManifestError, match=r"BERTH_TLS_KEY: '/nowhere/key.pem' is no file that can be read"):
        Settings.from_environ({"BERTH_TLS_CERTIFICATE": pem, "BERTH_TLS_KEY": "/nowhere/key.pem"})
    with pytest.raises(ManifestError, match=r"BERTH_TLS_KEY: .* is no file that can be read"):
        Settings.from_environ({"BERTH_TLS_CERTIFICATE": pem, "BERTH_TLS_KEY": str(tmp_path)})


def test_names_of_inline_functions_are_separated_by_commas():
    assert Settings.from_environ({"BERTH_INLINE": "orders, report,"}).inline == ("orders", "report")


def test_timeouts_can_be_switched_off():
    assert Settings.from_environ({"BERTH_NO_TIMEOUT": "1"}).no_timeout is True
