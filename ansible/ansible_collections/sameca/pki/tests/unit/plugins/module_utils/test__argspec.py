# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

import datetime

import pytest
from ansible_collections.sameca.pki.plugins.module_utils import _argspec

NOW = datetime.datetime(2026, 11, 20, 6, 0, 0, tzinfo=datetime.timezone.utc)
KEY = "-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIpublic\n-----END CERTIFICATE-----\n"


def mapped(**params):
    """The request of options as a user writes them, without validation in between."""
    withheld = _argspec.Withheld()
    params = withheld.params(dict(dict(requirement="r", host="h", subjects=[]), **params))
    return params, _argspec.Mapper(params, withheld.reveal, NOW).request()


@pytest.mark.parametrize("text, meant", [
    ("2026-11-20T00:00:00Z", "2026-11-20T00:00:00Z"),
    ("2026-11-20 00:00:00+00:00", "2026-11-20T00:00:00Z"),
    ("2026-11-20T02:00:00+02:00", "2026-11-20T00:00:00Z"),
    ("2026-11-20T00:00:00", "2026-11-20T00:00:00Z"),
    ("20261120000000Z", "2026-11-20T00:00:00Z"),
    ("+3w", "2026-12-11T06:00:00Z"),
    ("-1d2h", "2026-11-19T04:00:00Z"),
    ("+0s", "2026-11-20T06:00:00Z"),
])
def test_times_are_taken_as_users_of_ansible_write_them(text, meant):
    assert _argspec.timestamp("valid_at", text, NOW) == meant


@pytest.mark.parametrize("text", ["soon", "3w", "+3y", "2026-11-20", "2026-13-20T00:00:00Z", "+99999999999w", ""])
def test_a_time_that_means_nothing_is_refused_by_the_options_name(text):
    with pytest.raises(_argspec.OptionError, match="valid_at"):
        _argspec.timestamp("valid_at", text, NOW)


def test_pinned_keys_are_members_behind_the_others():
    request = mapped(reference=["/fe01.pem"], pinned_keys=["\u200eAB:cd"])[1]
    assert request["reference"] == [dict(name="/fe01.pem", source="/fe01.pem"), dict(name="pinned key AB:cd", key_sha256="AB:cd")]
    with pytest.raises(_argspec.OptionError, match="pinned_keys has an empty element"):
        mapped(pinned_keys=[" "])


def test_no_secret_is_left_in_the_parameters():
    source = dict(content=CERTIFICATE + KEY, password="hunter2")
    params, request = mapped(
        reference=[dict(name="m", source=dict(source))],
        subjects=[
            dict(name="s", source=dict(source)),
            dict(name="t", any_of=[dict(pkcs12="SECRETP12", privatekey_passphrase="hunter2")]),
            dict(name="u", install=dict(pkcs12_path="/p", privatekey_passphrase="hunter2"), candidates=[dict(source)]),
        ],
        candidates=[dict(path="/c", privatekey_content=KEY)],
        authorities=[dict(content=CERTIFICATE + KEY, password="hunter2")],
    )
    for secret in ("hunter2", "MIIsecret", "SECRETP12"):
        assert secret not in repr(params), secret
    assert "MIIpublic" in repr(params)
    assert request["subjects"][0]["source"]["pem"].count("MIIsecret") == 1
    assert request["subjects"][1]["any_of"][0] == dict(pkcs12="SECRETP12", password="hunter2")


def test_what_is_withheld_comes_back_in_the_request_under_every_name():
    for name in ("password", "privatekey_passphrase"):
        withheld = _argspec.Withheld()
        source = withheld.params(dict(candidates=[{"path": "/c", name: "a'\"\\b"}]))["candidates"][0]
        assert withheld.reveal(source[name]) == "a'\"\\b"


def test_a_key_without_its_end_is_withheld_too():
    params = mapped(subjects=[dict(name="s", source=dict(content=CERTIFICATE + KEY[:40]))])[0]
    assert "MII" not in params["subjects"][0]["source"]["content"].replace("MIIpublic", "")


@pytest.mark.parametrize("written, sent", [
    ("tls://fe01.contoso.com:5061", "tls://fe01.contoso.com:5061"),
    (dict(path="/x.pem"), dict(path="/x.pem")),
    ('{"path": "/x.pem"}', dict(path="/x.pem")),
    (dict(tls=dict(host="fe01", port=5061)), dict(tls=dict(host="fe01", port=5061, timeout=10))),
    (dict(content=CERTIFICATE), dict(pem=CERTIFICATE)),
])
def test_a_source_is_a_string_or_a_dictionary(written, sent):
    request = mapped(subjects=[dict(name="s", source=written)])[1]
    assert request["subjects"] == [dict(name="s", source=sent)]


def test_a_string_is_a_members_source_and_its_name():
    request = mapped(reference=["fe01.pem"], authorities="ca.pem")[1]
    assert request["reference"] == [dict(name="fe01.pem", source="fe01.pem")]
    assert request["authorities"] == ["ca.pem"]


def test_a_certificate_and_its_key_in_two_files_are_one_source(tmp_path):
    (tmp_path / "c.pem").write_text(CERTIFICATE)
    (tmp_path / "k.pem").write_text(KEY)
    source = dict(path=str(tmp_path / "c.pem"), privatekey_path=str(tmp_path / "k.pem"))
    request = mapped(candidates=[source])[1]
    assert request["candidates"][0]["pem"] == CERTIFICATE + "\n" + KEY
    # What cannot be read is left to the binary, whose finding names it.
    request = mapped(candidates=[dict(source, path="/nonexistent")])[1]
    assert request["candidates"] == [dict(path="/nonexistent")]


def test_names_that_are_given_empty_are_sent_empty():
    request = mapped(subjects=[dict(name="s", names=[], source="x"), dict(name="t", names=None, source="x")])[1]
    assert request["subjects"][0]["names"] == [] and "names" not in request["subjects"][1]


def test_every_request_says_requirement_host_and_time():
    request = mapped()[1]
    assert (request["requirement"], request["host"], request["collected_at"]) == ("r", "h", "2026-11-20T06:00:00Z")
    assert mapped(host=None)[1]["host"] == _argspec.fqdn() != ""


def test_a_place_is_said_in_the_protocols_words():
    install = dict(path="/c", privatekey_path="/k", chain_path="/i", backup=True, mode="0644", owner="root")
    request = mapped(subjects=[dict(name="s", install=install)])[1]
    assert request["subjects"][0]["install"] == dict(certificate="/c", private_key="/k", chain="/i", backup=True)


def test_a_reference_document_is_data_or_a_path():
    document = dict(protocol=1, kind="reference", members=[])
    for given in (document, '{"protocol": 1, "kind": "reference", "members": []}', dict(document=document, changed=True)):
        assert mapped(reference_document=given)[1]["reference_document"] == document
    assert mapped(reference_document="/x.json")[1]["reference_document"] == dict(path="/x.json")
    with pytest.raises(_argspec.OptionError):
        mapped(reference_document=[1])


def test_policy_is_sent_without_what_was_not_given():
    request = mapped(policy=dict(profile=None, valid_at="20261120000000Z", distrust=[dict(key_sha256="ab")]))[1]
    assert request["policy"] == dict(valid_at="2026-11-20T00:00:00Z", distrust=[dict(key_sha256="ab")])


REPORT = dict(
    message="1 of 1 subjects is not under the reference CA: s: another CA",
    status="noncompliant",
    reference=dict(members=[dict(name="m", use="Default", findings=[dict(code="a")])], findings=[dict(code="b")]),
    subjects=[dict(name="s", findings=[
        dict(code="issuer-differs", severity="error", message="another CA", hint="replace it"),
        dict(code="d", severity="info", message="x"),
    ])],
)


def test_findings_keep_their_order_and_say_whose_they_are():
    found = [(finding["code"], finding["of"], finding.get("use")) for finding in _argspec.findings(REPORT)]
    assert found == [("a", "m", "Default"), ("b", "reference", None), ("issuer-differs", "s", None), ("d", "s", None)]


def test_a_failure_says_what_and_what_to_do_next():
    assert _argspec.failure(REPORT) == (
        "1 of 1 subjects is not under the reference CA: s: issuer-differs: another CA [replace it]"
    )


def test_a_diff_shows_facts_with_fingerprints_as_others_write_them():
    shown = _argspec.facts(dict(subject="CN=s", issuer="CN=i", not_after="t", sha256="abcd", pem="p", key_sha256="k"))
    assert shown == dict(subject="CN=s", issuer="CN=i", not_after="t", fingerprints=dict(sha256="ab:cd"))
    assert _argspec.facts(None) == {}


def test_a_suboption_that_there_is_not_is_called_unsupported_and_its_value_is_not_told():
    with pytest.raises(_argspec.OptionError, match=r"sources\[0\]: unsupported parameters: passwrod\. Supported") as refused:
        _argspec.checked("sources[0]", dict(path="/a.pfx", passwrod="Sup3r"), _argspec.source_options, _argspec.SOURCE_RULES)
    assert "Sup3r" not in str(refused.value)
