from pathlib import Path

import pytest
from pydantic import SecretStr

from airbyte_agent_server.settings import Settings, SettingsError, read_settings


def test_settings_come_from_variables_with_the_prefix_and_ignore_all_others() -> None:
    settings = read_settings(
        {
            "AGENT_SERVER_PORT": "9000",
            "AGENT_SERVER_REDIRECT_ORIGINS": "loopback, https://yourapp.com",
            "AGENT_SERVER_HUBSPOT_API_BASE_URL": "http://127.0.0.1:1/",
            "AGENT_SERVER_HUBSPOT_CLIENT_ID": "app",
            "AGENT_SERVER_HUBSPOT_CLIENT_SECRET": "made-up",
            "HOME": "/root",
        }
    )
    assert settings == Settings(
        port=9000,
        redirect_origins=("loopback", "https://yourapp.com"),
        hubspot_api_base_url="http://127.0.0.1:1",
        hubspot_client_id="app",
        hubspot_client_secret=SecretStr("made-up"),
    )


def test_an_empty_variable_counts_as_absent() -> None:
    assert read_settings({"AGENT_SERVER_PORT": "", "AGENT_SERVER_HSOT": ""}) == Settings()


@pytest.mark.parametrize(
    ("environment", "lines"),
    [
        (
            {"AGENT_SERVER_PUBLIC_URI": "x"},
            ["AGENT_SERVER_PUBLIC_URI is not a setting. The nearest one is AGENT_SERVER_PUBLIC_URL."],
        ),
        (
            {"AGENT_SERVER_PORT": "many", "AGENT_SERVER_HSOT": "x"},
            [
                "AGENT_SERVER_HSOT is not a setting. The nearest one is AGENT_SERVER_HOST.",
                "AGENT_SERVER_PORT: Input should be a valid integer, unable to parse string as an integer.",
            ],
        ),
        (
            {"AGENT_SERVER_HUBSPOT_CLIENT_ID": "app"},
            ["hubspot_client_id and hubspot_client_secret come together: set both or neither."],
        ),
        (
            {"AGENT_SERVER_EXECUTE_DEADLINE_S": "291"},
            ["AGENT_SERVER_EXECUTE_DEADLINE_S: Input should be less than or equal to 290."],
        ),
        (
            {"AGENT_SERVER_PUBLIC_URL": "agents.example.com"},
            ["AGENT_SERVER_PUBLIC_URL: It must be an address like https://agents.example.com, without ? and #."],
        ),
        (
            {"AGENT_SERVER_TRUSTED_PROXIES": "10.0.0.0/8 nginx"},
            [
                (
                    "AGENT_SERVER_TRUSTED_PROXIES: nginx is no IP address and no network: "
                    "write it like 10.0.0.7 or 10.0.0.0/8."
                )
            ],
        ),
        (
            {"AGENT_SERVER_DATABASE_URL": "mysql://agents:made-up-secret@db/agents"},
            ["AGENT_SERVER_DATABASE_URL: it must begin with sqlite:/// or postgresql://."],
        ),
        (
            {"AGENT_SERVER_DATABASE_URL": "postgresql://agents:made-up/secret@db/agents"},
            [
                (
                    "AGENT_SERVER_DATABASE_URL: its port is not a number; "
                    "characters of a password like / @ : # are written %2F %40 %3A %23."
                )
            ],
        ),
    ],
)
def test_wrong_settings_keep_the_server_from_starting_with_a_line_for_each(
    environment: dict[str, str], lines: list[str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(environment)
    assert str(caught.value).splitlines() == lines


def test_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"AGENT_SERVER_HUBSPOT_CLIENT_SECRET": "made-up-secret"})
    assert "made-up-secret" not in str(caught.value)
    settings = Settings(hubspot_client_id="app", hubspot_client_secret=SecretStr("made-up-secret"))
    assert "made-up-secret" not in repr(settings)


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        (Settings(), "http://127.0.0.1:8000"),
        (Settings(host="0.0.0.0", port=81), "http://127.0.0.1:81"),  # noqa: S104
        (Settings(host="::1"), "http://[::1]:8000"),
        (Settings(public_url="https://agents.example/"), "https://agents.example"),
    ],
)
def test_the_public_address_is_where_the_server_listens_unless_it_is_set(settings: Settings, address: str) -> None:
    assert settings.effective_public_url == address
    assert settings.callback_url == f"{address}/api/v1/integrations/connectors/oauth/callback"


def test_the_database_is_a_file_in_the_data_directory_unless_it_is_set(tmp_path: Path) -> None:
    assert Settings(data_dir=tmp_path).effective_database_url == f"sqlite:///{tmp_path}/server.db"
    assert Settings(database_url="postgresql://a@b/c").effective_database_url == "postgresql://a@b/c"


def test_a_file_stands_behind_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text('port = 9000\nhost = "::1"\nredirect_origins = ["loopback", "https://yourapp.com"]\n')
    expected = Settings(port=9001, host="::1", redirect_origins=("loopback", "https://yourapp.com"))
    variables = {"AGENT_SERVER_PORT": "9001"}
    assert read_settings({**variables, "AGENT_SERVER_CONFIG": str(file)}) == expected
    assert read_settings({**variables, "AGENT_SERVER_CONFIG": "/absent"}, config=file) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("prot = 1", "{file}: prot is not a setting. The nearest one is port."),
        ('port = "many"', "{file}: port: Input should be a valid integer, unable to parse string as an integer."),
        (
            "port",
            "The settings file {file} is not TOML: Expected '=' after a key in a key/value pair (at end of document).",
        ),
        (None, "The settings file {file} cannot be read: No such file or directory."),
    ],
)
def test_a_wrong_file_is_named_with_what_to_mend(text: str | None, line: str, tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SettingsError) as caught:
        read_settings({}, config=file)
    assert str(caught.value) == line.format(file=file)
