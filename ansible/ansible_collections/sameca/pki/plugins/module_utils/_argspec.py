# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Maps the modules' options to the binary's request, and its report to return values."""

from __future__ import annotations

import datetime
import json
import os
import re
import socket

# Files that are read here because the protocol has one path for what Ansible's users name by two. No certificate
# or key comes near this size.
MAX_PAIR_BYTES = 1024 * 1024

PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)\s*", re.DOTALL)

# Options that hold a secret, by every name that they have. They stand only within sources and places.
SECRETS = ("privatekey_passphrase", "password", "privatekey_content", "pkcs12")

# Options of sources and places that hold none.
WITHOUT_SECRETS = frozenset((
    "spec", "path", "content", "pem", "tls", "privatekey_path", "private_key", "password_file", "password_env",
    "certificate", "chain_path", "chain", "pkcs12_path", "encryption", "owner", "group", "mode", "privatekey_mode", "backup",
))

# Whose elements are sources where no secret is expected.
PLAIN_SOURCES = ("authorities", "intermediates")


def module_class(base):
    """C(AnsibleModule), made to take a source as a string, and to keep secrets out of the parameters.

    The parameters are logged and returned, and there C(no_log) is not enough for what stands deep inside: a key's lines
    and a password's backslashes look different there. So each secret is replaced by a token that says nothing.
    """

    class SameCAModule(base):
        def _load_params(self):
            super()._load_params()
            self.withheld = Withheld()
            if isinstance(self.params, dict):
                self.params = self.withheld.params(self.params)

    return SameCAModule


class Withheld:
    """The secrets of one task, by the tokens that stand for them in its parameters."""

    def __init__(self):
        self._secrets = {}

    def reveal(self, token: str) -> str:
        """The secret behind a token."""
        return self._secrets.get(token, token)

    def params(self, params: dict) -> dict:
        """Parameters without secrets, with objects for all the sources that are strings."""
        params = dict(params)
        for key in ("reference", "subjects"):
            if key in params:
                params[key] = [self._named(item) for item in _list(params[key])]
        if "candidates" in params:
            params["candidates"] = [self._source(item) for item in _list(params["candidates"])]
        for key in PLAIN_SOURCES:
            if key in params:
                params[key] = [_without_keys(item) for item in _list(params[key])]
        policy = params.get("policy")
        if isinstance(policy, dict) and "distrust" in policy:
            params["policy"] = dict(policy, distrust=[_without_keys(item) for item in _list(policy["distrust"])])
        return params

    def _named(self, item):
        """A member or a subject."""
        item = _parsed(item)
        if isinstance(item, str):
            return {"name": item, "source": self._source(item)}
        if not isinstance(item, dict):
            return item
        item = dict(item)
        for key in ("source", "install"):
            if item.get(key) is not None:
                item[key] = self._source(item[key])
        if "authority" in item:
            item["authority"] = _without_keys(item["authority"])
        for key in ("any_of", "candidates"):
            if item.get(key) is not None:
                item[key] = [self._source(source) for source in _list(item[key])]
        return item

    def _source(self, source):
        """A source, or a place: their secrets have the same names."""
        source = _parsed(source)
        if isinstance(source, str):
            return {"spec": source}
        if not isinstance(source, dict):
            return source
        source = dict(source)
        for key in ("content", "pem"):
            content = source.get(key)
            if content is not None and not isinstance(content, str):
                source[key] = self._token(content)
            elif content is not None and PRIVATE_KEY.search(content):
                keys = [match.group(0) for match in PRIVATE_KEY.finditer(content)]
                source[key] = PRIVATE_KEY.sub("", content)
                source["privatekey_content"] = "\n".join([source.get("privatekey_content") or ""] + keys)
        for key, value in source.items():
            # Behind a misspelt option a secret may stand, and Ansible repeats what it does not know.
            if value is not None and (key in SECRETS or key not in WITHOUT_SECRETS):
                source[key] = self._token(value)
        return source

    def _token(self, secret):
        token = f"<withheld {len(self._secrets)}>"
        self._secrets[token] = secret if isinstance(secret, str) else str(secret)
        return token


def _parsed(value):
    """An object that came as its JSON text, as Ansible takes it for one."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _list(value):
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _without_keys(source):
    """A source of CA certificates: whose keys are nobody's business here."""
    source = _parsed(source)
    if isinstance(source, dict):
        return {
            key: PRIVATE_KEY.sub("", value) if key in ("content", "pem") and isinstance(value, str) else value
            for key, value in source.items()
            if key not in SECRETS
        }
    return source


def source_options() -> dict:
    """Options of a source."""
    return dict(
        spec=dict(type="str"),
        path=dict(type="path"),
        content=dict(type="str", aliases=["pem"]),
        pkcs12=dict(type="str", no_log=True),
        tls=dict(
            type="dict",
            options=dict(
                host=dict(type="str", required=True),
                port=dict(type="int", default=443),
                server_name=dict(type="str"),
                starttls=dict(type="str", choices=["smtp", "imap", "pop3", "ldap", "xmpp"]),
                timeout=dict(type="int", default=10),
            ),
        ),
        privatekey_path=dict(type="path"),
        privatekey_content=dict(type="str", no_log=True),
        privatekey_passphrase=dict(type="str", no_log=True, aliases=["password"]),
        password_file=dict(type="path", no_log=False),
        password_env=dict(type="str", no_log=False),
    )


def source_spec(**kwargs) -> dict:
    """An option that is a source, or with C(type=list) a list of them."""
    return dict(
        kwargs,
        options=source_options(),
        required_one_of=[("spec", "path", "content", "pkcs12", "tls", "privatekey_content")],
        mutually_exclusive=[
            ("spec", "path", "content", "pkcs12", "tls"),
            ("privatekey_path", "privatekey_content"),
            ("privatekey_passphrase", "password_file", "password_env"),
        ],
    )


def install_spec() -> dict:
    """The option that is a place of a certificate."""
    return dict(
        type="dict",
        options=dict(
            path=dict(type="path", aliases=["certificate"]),
            privatekey_path=dict(type="path", aliases=["private_key"]),
            chain_path=dict(type="path", aliases=["chain"]),
            pkcs12_path=dict(type="path"),
            privatekey_passphrase=dict(type="str", no_log=True, aliases=["password"]),
            password_file=dict(type="path", no_log=False),
            password_env=dict(type="str", no_log=False),
            encryption=dict(type="str", choices=["legacy", "aes"]),
            owner=dict(type="str"),
            group=dict(type="str"),
            mode=dict(type="raw"),
            privatekey_mode=dict(type="raw", no_log=False),
            backup=dict(type="bool", default=False),
        ),
        required_one_of=[("path", "pkcs12_path")],
        mutually_exclusive=[
            ("path", "pkcs12_path"),
            ("pkcs12_path", "privatekey_path"),
            ("pkcs12_path", "chain_path"),
            ("privatekey_passphrase", "password_file", "password_env"),
        ],
        required_by=dict(
            privatekey_mode=("privatekey_path",),
            encryption=("pkcs12_path",),
            privatekey_passphrase=("pkcs12_path",),
            password_file=("pkcs12_path",),
            password_env=("pkcs12_path",),
        ),
    )


def caller_options() -> dict:
    """What every report carries, and which binary answers."""
    return dict(
        requirement=dict(type="str", required=True),
        host=dict(type="str"),
        collected_at=dict(type="str"),
        binary_path=dict(type="path"),
    )


def reference_options() -> dict:
    """What sets the rule."""
    return dict(
        reference=dict(
            type="list",
            elements="dict",
            options=dict(
                name=dict(type="str", required=True),
                use=dict(type="str"),
                source=source_spec(type="dict"),
                authority=dict(type="raw"),
                key_sha256=dict(type="str", no_log=False),
            ),
            required_one_of=[("source", "authority", "key_sha256")],
            mutually_exclusive=[("source", "authority", "key_sha256")],
        ),
        authorities=dict(type="list", elements="raw"),
    )


def request_options() -> dict:
    """A whole request to check or to enforce."""
    return dict(
        caller_options(),
        **reference_options(),
        reference_document=dict(type="raw"),
        subjects=dict(
            type="list",
            elements="dict",
            required=True,
            options=dict(
                name=dict(type="str", required=True),
                use=dict(type="str"),
                names=dict(type="list", elements="str"),
                effective_from=dict(type="str"),
                source=source_spec(type="dict"),
                any_of=source_spec(type="list", elements="dict"),
                candidates=source_spec(type="list", elements="dict"),
                install=install_spec(),
            ),
            required_one_of=[("source", "any_of", "install")],
            mutually_exclusive=[("source", "any_of")],
        ),
        intermediates=dict(type="list", elements="raw"),
        candidates=source_spec(type="list", elements="dict"),
        policy=dict(
            type="dict",
            options=dict(
                profile=dict(type="str", choices=["lync-server-2013", "mutual-tls"]),
                match=dict(type="str", choices=["key", "authority", "name"]),
                level=dict(type="str", choices=["issuing", "root"]),
                proof=dict(type="str", choices=["signature", "key-identifier", "name"]),
                references=dict(type="str", choices=["agree", "any"]),
                valid_at=dict(type="str"),
                warn_before_expiry=dict(type="str"),
                renew_before=dict(type="str"),
                names=dict(type="list", elements="str"),
                extended_key_usage=dict(type="list", elements="str"),
                distrust=dict(type="list", elements="raw"),
                severity=dict(type="dict"),
            ),
        ),
    )


class OptionError(Exception):
    """An option whose value means nothing."""


class Mapper:
    """Options of one task to a request of the protocol."""

    def __init__(self, params: dict, reveal=lambda token: token, now: datetime.datetime | None = None):
        self._params = params
        self._reveal = reveal
        self._now = (now or datetime.datetime.now(datetime.timezone.utc)).replace(microsecond=0)

    def request(self) -> dict:
        """The whole request."""
        params = self._params
        request = self.reference_request()
        document = reference_document(params.get("reference_document"))
        if document is not None:
            request["reference_document"] = document
        request["subjects"] = [self._subject(subject) for subject in params["subjects"]]
        if params.get("intermediates"):
            request["intermediates"] = [plain_source("intermediates", item) for item in params["intermediates"]]
        if params.get("candidates"):
            request["candidates"] = [self._source(source) for source in params["candidates"]]
        if params.get("policy"):
            request["policy"] = self._policy(params["policy"])
        return request

    def reference_request(self) -> dict:
        """The part of it that sets the rule."""
        params = self._params
        request = {
            "protocol": 1,
            "requirement": params["requirement"],
            "host": params.get("host") or fqdn(),
            "collected_at": self._time("collected_at", params.get("collected_at") or "+0s"),
        }
        if params.get("reference"):
            request["reference"] = [self._member(member) for member in params["reference"]]
        if params.get("authorities"):
            request["authorities"] = [plain_source("authorities", item) for item in params["authorities"]]
        return request

    def _member(self, member: dict) -> dict:
        result = _given(member, "name", "use", "key_sha256")
        if member.get("source"):
            result["source"] = self._source(member["source"])
        if member.get("authority"):
            result["authority"] = plain_source("authority", member["authority"])
        return result

    def _subject(self, subject: dict) -> dict:
        result = _given(subject, "name", "use", "names")
        if subject.get("effective_from"):
            result["effective_from"] = self._time("effective_from", subject["effective_from"])
        if subject.get("source"):
            result["source"] = self._source(subject["source"])
        for key in ("any_of", "candidates"):
            if subject.get(key) is not None:
                result[key] = [self._source(source) for source in subject[key]]
        if subject.get("install"):
            result["install"] = self._install(subject["install"])
        return result

    def _install(self, install: dict) -> dict:
        result = _given(install, "pkcs12_path", "password_file", "password_env", "encryption")
        for ours, theirs in (("path", "certificate"), ("privatekey_path", "private_key"), ("chain_path", "chain")):
            if install.get(ours):
                result[theirs] = install[ours]
        if install.get("privatekey_passphrase") is not None:
            result["password"] = self._reveal(install["privatekey_passphrase"])
        if install.get("backup"):
            result["backup"] = True
        return result

    def _source(self, source: dict):
        if source.get("spec"):
            return _expanded(source["spec"])
        result = _given(source, "password_file", "password_env")
        if source.get("privatekey_passphrase") is not None:
            result["password"] = self._reveal(source["privatekey_passphrase"])
        if source.get("tls"):
            result["tls"] = _given(source["tls"], "host", "port", "server_name", "starttls", "timeout")
        elif source.get("pkcs12"):
            result["pkcs12"] = self._reveal(source["pkcs12"])
        elif source.get("path"):
            result.update(_pair(source["path"], self._key(source), source.get("privatekey_path")))
        else:
            content = [source.get("content") or "", self._key(source) or ""]
            if source.get("privatekey_path"):
                content.append(_text(source["privatekey_path"]) or "")
            result["pem"] = "\n".join(part for part in content if part)
        return result

    def _key(self, source: dict) -> str | None:
        key = source.get("privatekey_content")
        return None if key is None else self._reveal(key)

    def _policy(self, policy: dict) -> dict:
        given = {key: value for key, value in policy.items() if value is not None}
        if "valid_at" in given:
            given["valid_at"] = self._time("valid_at", given["valid_at"])
        if "distrust" in given:
            given["distrust"] = [plain_source("distrust", item) for item in given["distrust"]]
        return given

    def _time(self, option: str, text: str) -> str:
        return timestamp(option, text, self._now)


def _given(options: dict, *keys: str) -> dict:
    return {key: options[key] for key in keys if options.get(key) is not None}


def _expanded(spec: str) -> str:
    return os.path.expanduser(spec) if spec.startswith("~") else spec


def expanded_path(path: str) -> str:
    """A path as C(type=path) takes it, where the option may also be something else."""
    return os.path.expanduser(os.path.expandvars(path))


def plain_source(option: str, source):
    """A source of CA certificates, which needs no secret."""
    if isinstance(source, str):
        return _expanded(source)
    if isinstance(source, dict):
        source = {("pem" if key == "content" else key): value for key, value in source.items() if value is not None}
        if isinstance(source.get("path"), str):
            source["path"] = expanded_path(source["path"])
        return source
    raise OptionError(f"{option}: expected a source, which is a string or a dictionary")


def _pair(path: str, key: str | None, key_path: str | None) -> dict:
    """A certificate's file, with the key that stands elsewhere. What cannot be read is left to the binary to say."""
    if key is None and key_path is None:
        return {"path": path}
    certificate = _text(path)
    if certificate is None:
        return {"path": path}
    return {"pem": "\n".join([certificate, key if key is not None else _text(key_path) or ""])}


def _text(path: str) -> str | None:
    """The PEM text of a file, or nothing."""
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_PAIR_BYTES + 1)
    except OSError:
        return None
    if len(content) > MAX_PAIR_BYTES or b"-----BEGIN " not in content:
        return None
    return content.decode("latin-1")


def reference_document(value):
    """A document as data, as its text, or as a path on the target."""
    value = _parsed(value)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return {"path": expanded_path(value)}
    if not isinstance(value, dict):
        raise OptionError("reference_document: expected the document itself, or its path")
    # What the module same_ca_reference returns, given whole.
    value = value.get("document", value) if "members" not in value else value
    return value


def timestamp(option: str, text: str, now: datetime.datetime) -> str:
    """A time as C(community.crypto) takes it (C(+3w2d), C(20261120000000Z)) or as the protocol does (RFC 3339)."""
    text = str(text).strip()
    relative = re.fullmatch(r"([+-])((?:\d+[wdhms])+)", text)
    if relative:
        units = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
        steps = re.findall(r"(\d+)([wdhms])", relative.group(2))
        try:
            distance = sum((datetime.timedelta(**{units[unit]: int(n)}) for n, unit in steps), datetime.timedelta())
            at = now + distance if relative.group(1) == "+" else now - distance
        except OverflowError:
            raise OptionError(f"{option}: {text} is too far away") from None
        return _rfc3339(at)
    for form in ("%Y%m%d%H%M%SZ", "%y%m%d%H%M%SZ"):
        try:
            return _rfc3339(datetime.datetime.strptime(text, form))
        except ValueError:
            continue
    # YAML makes a time of what looks like one, and Ansible text of that.
    iso = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?(Z|z|[+-]\d\d:\d\d)?", text)
    if iso:
        zone = iso.group(3) or "Z"
        try:
            at = datetime.datetime.strptime(f"{iso.group(1)}T{iso.group(2)}", "%Y-%m-%dT%H:%M:%S")
        except ValueError:
            raise OptionError(f"{option}: there is no such time: {text}") from None
        if zone not in ("Z", "z"):
            hours, minutes = int(zone[1:3]), int(zone[4:6])
            offset = datetime.timedelta(hours=hours, minutes=minutes)
            at = at - offset if zone[0] == "+" else at + offset
        return _rfc3339(at)
    raise OptionError(
        f"{option}: expected a time such as 2026-11-20T00:00:00Z, 20261120000000Z or +3w, and not {text!r}"
    )


def _rfc3339(at: datetime.datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def fqdn() -> str:
    """The name of this host, asked of DNS only where the host does not know it itself."""
    own = socket.gethostname()
    if "." in own:
        return own
    found = socket.getfqdn(own)
    return found if "." in found and not found.startswith("localhost") else own


def findings(report: dict) -> list[dict]:
    """The report's findings in order, each saying whose it is."""
    reference = report.get("reference") or {}
    result = []
    for member in reference.get("members") or []:
        result += [_whose(finding, member) for finding in member.get("findings") or []]
    result += [dict(finding, of="reference") for finding in reference.get("findings") or []]
    for subject in report.get("subjects") or []:
        result += [_whose(finding, subject) for finding in subject.get("findings") or []]
    return result


def _whose(finding: dict, owner: dict) -> dict:
    whose = dict(finding, of=owner.get("name"))
    if owner.get("use"):
        whose["use"] = owner["use"]
    return whose


def result(report: dict) -> dict:
    """The return values that every module has."""
    return dict(
        msg=report.get("message") or "",
        report=report,
        status=report["status"],
        compliant=report["status"] == "compliant",
        findings=findings(report),
    )


def failure(report: dict) -> str:
    """Why a host is not in the desired state, with what to do next."""
    words = []
    for finding in findings(report):
        if finding.get("severity") not in ("error", "doubt"):
            continue
        use = f" ({finding['use']})" if finding.get("use") else ""
        hint = f" [{finding['hint']}]" if finding.get("hint") else ""
        words.append(f"{finding['of']}{use}: {finding.get('code')}: {finding.get('message')}{hint}")
    message = report.get("message") or "not compliant"
    # Behind its first colon the message repeats the first of the findings.
    return message.split(": ")[0] + ": " + "; ".join(words) if words else message


def facts(certificate: dict | None) -> dict:
    """What a diff shows of a certificate: never a key."""
    if not certificate:
        return {}
    return {
        "subject": certificate.get("subject"),
        "issuer": certificate.get("issuer"),
        "not_after": certificate.get("not_after"),
        "fingerprints": {
            digest: _colons(certificate[digest]) for digest in ("sha1", "sha256") if certificate.get(digest)
        },
    }


def _colons(hexadecimal: str) -> str:
    return ":".join(hexadecimal[at:at + 2] for at in range(0, len(hexadecimal), 2))
