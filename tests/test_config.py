"""Settings: what is read, what is derived, and how a wrong one is refused."""

from pathlib import Path

import pytest

from config import Settings, SettingsError

MINIMUM = {"OMNEO_TENANT": "acme", "OMNEO_TOKEN": "a-real-token"}
SANDBOX = {"OMNEO_BASE_URL": "http://127.0.0.1:8001", "OMNEO_TOKEN": "sandbox-token", "GATEWAY_ENV": "development"}


def test_tenant_alone_gives_both_roots_and_documented_defaults() -> None:
    settings = Settings.from_environ(MINIMUM)
    assert settings.omneo_api_url == "https://api.acme.getomneo.com/api/v3"
    assert settings.omneo_id_url == "https://api.acme.getomneo.com/id/api/v1"
    assert settings.omneo_origin == "https://api.acme.getomneo.com"
    assert settings.tenant == "acme"
    assert (settings.host, settings.port, settings.environment) == ("127.0.0.1", 8000, "production")
    assert (settings.request_deadline_s, settings.write_quarantine_s, settings.cost_limit) == (15, 30, 250)
    assert (settings.omneo_batch, settings.omneo_page_max) == ("auto", 100)
    assert settings.omneo_timezone.key == "UTC"


@pytest.mark.parametrize("base", ["http://127.0.0.1:9", "http://127.0.0.1:9/", "http://127.0.0.1:9/api/v3"])
def test_base_url_may_be_an_origin_or_the_api_root(base: str) -> None:
    settings = Settings.from_environ(SANDBOX | {"OMNEO_BASE_URL": base})
    assert settings.omneo_api_url == "http://127.0.0.1:9/api/v3"
    assert settings.omneo_id_url == "http://127.0.0.1:9/id/api/v1"


def test_id_url_overrides_the_derived_root() -> None:
    settings = Settings.from_environ(MINIMUM | {"OMNEO_ID_URL": "https://id.acme.example"})
    assert settings.omneo_id_url == "https://id.acme.example/id/api/v1"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"OMNEO_TENANT": ""}, "OMNEO_TENANT"),
        ({"OMNEO_TENANT": "acme.evil/"}, "OMNEO_TENANT"),
        ({"OMNEO_TOKEN": " "}, "OMNEO_TOKEN"),
        ({"OMNEO_TOKEN": "hidden value"}, "OMNEO_TOKEN"),
        ({"OMNEO_BASE_URL": "hidden://x"}, "OMNEO_BASE_URL"),
        ({"OMNEO_BASE_URL": "https://hidden@x"}, "OMNEO_BASE_URL"),
        ({"OMNEO_BASE_URL": "https://x:hidden"}, "OMNEO_BASE_URL"),
        ({"OMNEO_BASE_URL": "https://x/api/v2"}, "OMNEO_BASE_URL"),
        ({"OMNEO_ID_URL": "hidden"}, "OMNEO_ID_URL"),
        ({"PORT": "70000"}, "PORT"),
        ({"PORT": "hidden"}, "PORT"),
        ({"GATEWAY_ENV": "hidden"}, "GATEWAY_ENV"),
        ({"LOG_LEVEL": "hidden"}, "LOG_LEVEL"),
        ({"OMNEO_TIMEZONE": "Mars/Hidden"}, "OMNEO_TIMEZONE"),
        ({"OMNEO_TIMEZONE": "../hidden"}, "OMNEO_TIMEZONE"),
        ({"OMNEO_BATCH": "hidden"}, "OMNEO_BATCH"),
        ({"OMNEO_PAGE_MAX": "0"}, "OMNEO_PAGE_MAX"),
        ({"REQUEST_DEADLINE_S": "0"}, "REQUEST_DEADLINE_S"),
        ({"REQUEST_DEADLINE_S": "nan"}, "REQUEST_DEADLINE_S"),
        ({"WRITE_QUARANTINE_S": "hidden"}, "WRITE_QUARANTINE_S"),
        ({"COST_LIMIT": "-1"}, "COST_LIMIT"),
        ({"SERVICE_KEYS_FILE": "/no/such/hidden"}, "SERVICE_KEYS_FILE"),
        ({"JWKS_URL": "hidden"}, "JWKS_URL"),
        ({"JWKS_URL": "https://x/keys?"}, "JWKS_URL"),
        ({"JWKS_URL": "https://x/keys?p=hidden#x"}, "JWKS_URL"),
        ({"JWKS_URL": "https://hidden@x/keys?p=1"}, "JWKS_URL"),
        ({"JWT_ISSUER": "https://issuer.example"}, "JWT_AUDIENCE"),
        ({"REDIS_URL": "http://:hidden@x"}, "REDIS_URL"),
        ({"LIMITS": "hidden"}, "LIMITS"),
        ({"LIMIT_DEPTH": "0"}, "LIMIT_DEPTH"),
        ({"LIMIT_TOKENS": "hidden"}, "LIMIT_TOKENS"),
        ({"LIMIT_BODY": "1"}, "LIMIT_BODY"),
        ({"LIMIT_BATCH": "1000"}, "LIMIT_BATCH"),
        ({"CALLS_PER_MINUTE_MEMBER": "249"}, "CALLS_PER_MINUTE_MEMBER"),
        ({"CALLS_PER_MINUTE_SERVICE": "-1"}, "CALLS_PER_MINUTE_SERVICE"),
        ({"CORS_ORIGINS": "https://shop.example/hidden"}, "CORS_ORIGINS"),
        ({"CORS_ORIGINS": "https://*.hidden.example"}, "CORS_ORIGINS"),
        ({"CORS_ORIGINS": "https://hidden.example, *"}, "CORS_ORIGINS"),
        ({"CORS_ORIGINS": "null"}, "CORS_ORIGINS"),
    ],
)
def test_wrong_setting_is_named_in_one_line_and_never_quoted(change: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environ(MINIMUM | change)
    message = str(refused.value)
    assert message.startswith(name)
    assert "\n" not in message
    assert "hidden" not in message.lower()


def test_what_goes_before_is_all_that_is_read_of_the_two() -> None:
    assert Settings.from_environ(MINIMUM | {"WORKERS": "1", "WEB_CONCURRENCY": "many"}).workers == 1


def test_keys_of_an_issuer_may_lie_under_a_query() -> None:
    jwt = {"JWT_ISSUER": "https://issuer.example", "JWT_AUDIENCE": "gateway"}
    asked = Settings.from_environ(MINIMUM | jwt | {"JWKS_URL": "https://issuer.example/keys?p=sign_in&v=2"})
    assert asked.jwks_url == "https://issuer.example/keys?p=sign_in&v=2"


def test_development_token_opens_a_loopback_sandbox_only() -> None:
    assert Settings.from_environ(SANDBOX).accepts_development_credentials
    for change in (
        {"GATEWAY_ENV": "production"},
        {"OMNEO_BASE_URL": "http://sandbox:8001"},
        {"OMNEO_ID_URL": "https://id.acme.example/id/api/v1"},
        {"OMNEO_BASE_URL": "http://127.0.0.1.evil.example"},
    ):
        with pytest.raises(SettingsError, match=r"^OMNEO_TOKEN is the published development token"):
            Settings.from_environ(SANDBOX | change)


def test_no_repr_shows_a_token() -> None:
    settings = Settings.from_environ(MINIMUM | {"REDIS_URL": "redis://:a-real-password@x"})
    assert "a-real" not in repr(settings)


def test_production_remembers_writes_on_disk_unless_told_otherwise() -> None:
    """Neither a forgotten setting nor a restart costs the promise; development leaves nothing behind."""
    production = {"OMNEO_TENANT": "acme", "OMNEO_TOKEN": "x"}
    assert Settings.from_environ(production).state_db == Path(".state/writes.db")
    assert Settings.from_environ(production | {"STATE_DB": ":memory:"}).state_db == Path(":memory:")
    assert Settings.from_environ(production | {"REDIS_URL": "redis://127.0.0.1"}).state_db is None
    assert Settings.from_environ(production | {"GATEWAY_ENV": "development"}).state_db is None
