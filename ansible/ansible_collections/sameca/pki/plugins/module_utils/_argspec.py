# Copyright: the same-ca contributors
# MIT or Apache-2.0 (see LICENSE-MIT and LICENSE-APACHE)
# SPDX-License-Identifier: MIT OR Apache-2.0

# Note that this module util is **PRIVATE** to the collection. It can have breaking changes at any time.
# Do not use this from other collections or standalone plugins/modules!

"""Maps the modules' options to the binary's request, and its report to return values.

It runs on targets, on Python 3.6 too: no annotations, and nothing newer than that.
"""

import ast
import datetime
import json
import os
import re

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.errors import UnsupportedError
from ansible_collections.sameca.pki.plugins.module_utils._start import fqdn

# Files that are read here because the protocol has one path for what Ansible's users name by two. No certificate
# or key comes near this size.
MAX_PAIR_BYTES = 1024 * 1024

PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----.*?(?:-----END \1-----|\Z)\s*", re.DOTALL)

# Options that hold a secret, by every name that they have. They stand only within sources and places.
SECRETS = ("privatekey_passphrase", "password", "privatekey_content", "pkcs12")

# Everything that a source, a place, or what holds one may be asked by its name, and that is no secret. What stands behind any
# other word may be a secret behind a misspelt or misplaced option, and Ansible repeats what it does not know.
OPEN = frozenset((
    "spec", "path", "content", "pem", "der", "tls", "host", "port", "server_name", "starttls", "timeout", "privatekey_path",
    "private_key", "password_file", "password_env", "certificate", "chain_path", "chain", "pkcs12_path", "encryption", "owner",
    "group", "mode", "privatekey_mode", "backup", "replace_unreadable", "key_sha256", "authority", "windows_store", "location",
    "store", "thumbprint", "subject", "name", "use", "names", "effective_from", "source", "any_of", "candidates", "install",
))

POLICY = frozenset((
    "profile", "match", "level", "proof", "references", "valid_at", "warn_before_expiry", "renew_before", "names",
    "extended_key_usage", "distrust", "severity",
))

SEVERITIES = ("error", "doubt", "warning", "info")

# Options of the whole task whose elements are sources.
SOURCES = ("authorities", "intermediates", "candidates", "sources")

# What is copied along unseen: marks of direction and of byte order.
INVISIBLE = re.compile("[\u200e\u200f\ufeff]")

# A dictionary written as words, as Ansible takes it for one.
WORDS = re.compile(r"(?:^|[\s,])(?:%s)\s*=" % "|".join(sorted(OPEN | frozenset(SECRETS))))

# What stands in the place of something too long to be logged, or secret.
TOKEN = re.compile(r"<(?:withheld|document) \d+>")


def module_class(base):
    """C(AnsibleModule), made to keep secrets and documents out of its parameters, and to say what it did when it fails.

    The parameters are logged and returned, and there C(no_log) is not enough for what stands deep inside: a key's lines
    and a password's backslashes look different there. So each secret is replaced by a token that says nothing.
    """

    class SameCAModule(base):
        # What has been done so far, for a failure after it.
        done = None

        def _load_params(self):
            super()._load_params()
            self.withheld = Withheld()
            if isinstance(self.params, dict):
                self.params = self.withheld.params(self.params, known_options(self.argument_spec))

        def fail_json(self, msg, **kwargs):
            super().fail_json(**dict(self.done or {}, msg=msg, **kwargs))

    return SameCAModule


def known_options(spec):
    """The names of all options, with their aliases."""
    return frozenset(spec) | frozenset(alias for option in spec.values() for alias in option.get("aliases") or ())


class Withheld:
    """The secrets of one task, by the tokens that stand for them in its parameters."""

    def __init__(self):
        self._secrets = {}

    def reveal(self, token):
        """What is behind a token; anything else as it is."""
        if isinstance(token, str) and TOKEN.match(token):
            return self._secrets.get(token, token)
        return token

    def params(self, params, known=None):
        """Parameters without secrets, with objects for all the sources that are strings."""
        params = dict(params)
        for key, value in params.items():
            if key.startswith("_ansible") or value is None:
                continue
            if known is not None and key not in known:
                params[key] = self._token(value)
            elif key in ("reference", "subjects"):
                params[key] = [self._named(item) for item in _list(value)]
            elif key in SOURCES:
                params[key] = [self._source(item) for item in _list(value)]
            elif key == "reference_document":
                params[key] = self._document(value)
            elif key == "policy":
                params[key] = self._policy(value)
            elif isinstance(value, str) and PRIVATE_KEY.search(value):
                params[key] = PRIVATE_KEY.sub("", value)
        return params

    def _policy(self, policy):
        policy = as_object(policy)
        if not isinstance(policy, dict):
            return self._cleaned(policy)
        policy = dict(policy)
        for key, value in policy.items():
            if value is None:
                continue
            if key == "distrust":
                policy[key] = [self._source(item) for item in _list(value)]
            elif key == "severity" and isinstance(value, dict):
                policy[key] = {code: each if each in SEVERITIES else self._token(each) for code, each in value.items()}
            elif key not in POLICY:
                policy[key] = self._token(value)
        return policy

    def _named(self, item):
        """A member or a subject."""
        item = as_object(item)
        if isinstance(item, str):
            return {"name": item, "source": self._source(item)}
        if not isinstance(item, dict):
            return self._cleaned(item)
        item = dict(item)
        for key, value in item.items():
            if value is None:
                continue
            if key in ("source", "install", "authority"):
                item[key] = self._source(value)
            elif key in ("any_of", "candidates"):
                item[key] = [self._source(source) for source in _list(value)]
            elif key in OPEN:
                item[key] = self._cleaned(value)
            else:
                item[key] = self._token(value)
        return item

    def _source(self, source):
        """A source, or a place: their secrets have the same names."""
        source = as_object(source)
        if isinstance(source, str):
            # What begins like an object and is none may hold anything.
            return {"spec": self._token(source) if source.lstrip()[:1] in ("{", "[") else source}
        if not isinstance(source, dict):
            return self._cleaned(source)
        source = dict(source)
        for key in ("content", "pem"):
            content = source.get(key)
            if content is not None and not isinstance(content, str):
                source[key] = self._token(content)
            elif content is not None and PRIVATE_KEY.search(content):
                keys = [match.group(0) for match in PRIVATE_KEY.finditer(content)]
                source[key] = PRIVATE_KEY.sub("", content)
                source["privatekey_content"] = "\n".join([str(source.get("privatekey_content") or "")] + keys)
        for key, value in source.items():
            if value is not None:
                source[key] = self._cleaned(value) if key in OPEN else self._token(value)
        return source

    def _cleaned(self, value):
        """A value of an option that is no secret, of any form: without what may be one inside."""
        if isinstance(value, dict):
            return {key: self._cleaned(each) if key in OPEN else self._token(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._cleaned(as_object(each)) for each in value]
        if isinstance(value, str) and PRIVATE_KEY.search(value):
            return self._token(value)
        return value

    def _document(self, value):
        """A reference document, which is long and logged with every task; a path as it is."""
        value = as_object(value)
        if isinstance(value, (dict, list)):
            return self._keep("document", value)
        if isinstance(value, str) and ("\n" in value or value.lstrip().startswith(("{", "["))):
            return self._keep("document", value)
        return value

    def _token(self, secret):
        if isinstance(secret, str) and TOKEN.match(secret):
            return secret
        return self._keep("withheld", secret if isinstance(secret, str) else str(secret))

    def _keep(self, word, value):
        token = "<%s %d>" % (word, len(self._secrets))
        self._secrets[token] = value
        return token


def as_object(value):
    """An object that came as its JSON text, as a literal or as words, as Ansible takes it for one."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        for read in (json.loads, ast.literal_eval):
            try:
                found = read(value.strip())
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                continue
            if isinstance(found, dict):
                return found
    elif isinstance(value, str) and "\n" not in value and WORDS.search(value):
        words = {}
        for word in re.split(r"[\s,]+(?=\w+\s*=)", value.strip()):
            key, unused, text = word.partition("=")
            words[key.strip()] = text.strip()
        return words
    return value


def _list(value):
    if value is None:
        return []
    if isinstance(value, str) and value.lstrip().startswith("["):
        for read in (json.loads, ast.literal_eval):
            try:
                found = read(value.strip())
            except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
                continue
            if isinstance(found, list):
                return found
    return list(value) if isinstance(value, (list, tuple)) else [value]


def source_options():
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


SOURCE_RULES = dict(
    required_one_of=[("spec", "path", "content", "pkcs12", "tls", "privatekey_content")],
    mutually_exclusive=[
        ("spec", "path", "content", "pkcs12", "tls"),
        ("privatekey_path", "privatekey_content"),
        ("privatekey_passphrase", "password_file", "password_env"),
    ],
)


def source_spec(**kwargs):
    """An option that is a source, with all its own options."""
    return dict(kwargs, options=source_options(), **SOURCE_RULES)


_VALIDATORS = {}


def checked(option, value, spec, rules):
    """A dictionary as Ansible itself would take it for an option with these suboptions, where the option is said to be raw."""
    if not isinstance(value, dict):
        raise OptionError("%s: expected a source, which is a string or a dictionary" % option)
    if spec not in _VALIDATORS:
        _VALIDATORS[spec] = ArgumentSpecValidator(spec(), **rules)
    found = _VALIDATORS[spec].validate(value)
    if found.error_messages:
        raise OptionError("%s: %s" % (option, wrong(found)))
    return found.validated_parameters


def wrong(found):
    """What a validation found wrong, with the words that AnsibleModule puts before what it does not know."""
    return "; ".join(
        "unsupported parameters: %s" % error.msg if isinstance(error, UnsupportedError) else error.msg for error in found.errors.errors
    )


def install_spec():
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
            replace_unreadable=dict(type="bool", default=False),
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


def caller_options():
    """What every report carries, and which binary answers."""
    return dict(
        requirement=dict(type="str", required=True),
        host=dict(type="str"),
        node=dict(type="str"),
        collected_at=dict(type="str"),
        binary_path=dict(type="path"),
    )


def reference_options():
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


# A whole request needs something that sets the rule.
REQUEST_RULES = dict(required_one_of=[("reference", "reference_document", "pinned_keys")])


def request_options():
    """A whole request to check or to enforce."""
    return dict(
        caller_options(),
        reference_document=dict(type="raw"),
        pinned_keys=dict(type="list", elements="str", no_log=False),
        subjects=dict(
            type="list",
            elements="dict",
            required=True,
            options=dict(
                name=dict(type="str", required=True),
                use=dict(type="str"),
                names=dict(type="list", elements="str"),
                effective_from=dict(type="str"),
                source=dict(type="raw"),
                any_of=dict(type="list", elements="raw"),
                candidates=dict(type="list", elements="raw"),
                install=install_spec(),
            ),
            required_one_of=[("source", "any_of", "install")],
            mutually_exclusive=[("source", "any_of")],
        ),
        intermediates=dict(type="list", elements="raw"),
        candidates=dict(type="list", elements="raw"),
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
        **reference_options()
    )


class OptionError(Exception):
    """An option whose value means nothing."""


class Mapper:
    """Options of one task to a request of the protocol."""

    def __init__(self, params, reveal=lambda token: token, now=None, elsewhere=False):
        self._params = params
        self._reveal = reveal
        # Whether the request is for another machine, which says itself what it is called and when it was asked.
        self._elsewhere = elsewhere
        self._now = (now or datetime.datetime.now(datetime.timezone.utc)).replace(microsecond=0)

    def request(self):
        """The whole request."""
        params = self._params
        request = self.reference_request()
        # Behind the other members, so that pointers count those as they are given.
        pins = [self._pin(key) for key in params.get("pinned_keys") or ()]
        if pins:
            request["reference"] = request.get("reference", []) + pins
        document = reference_document(self._reveal(params.get("reference_document")))
        if document is not None:
            request["reference_document"] = document
        request["subjects"] = [self._subject("subjects[%d]" % at, subject) for at, subject in enumerate(params["subjects"])]
        if params.get("intermediates"):
            request["intermediates"] = self._plain_list("intermediates", params["intermediates"])
        if params.get("candidates"):
            request["candidates"] = self._sources("candidates", params["candidates"])
        if params.get("policy"):
            request["policy"] = self._policy(params["policy"])
        return request

    def reference_request(self):
        """The part of it that sets the rule."""
        params = self._params
        request = {
            "protocol": 1,
            "requirement": params["requirement"],
        }
        if params.get("host") or not self._elsewhere:
            request["host"] = params.get("host") or fqdn()
        if params.get("collected_at") or not self._elsewhere:
            request["collected_at"] = self._time("collected_at", params.get("collected_at") or "+0s")
        if params.get("node"):
            request["node"] = params["node"]
        if params.get("reference"):
            request["reference"] = [self._member("reference[%d]" % at, member) for at, member in enumerate(params["reference"])]
        if params.get("authorities"):
            request["authorities"] = self._plain_list("authorities", params["authorities"])
        return request

    def inspection(self):
        """A request of certificates' facts alone."""
        sources = self._sources("sources", self._params["sources"])
        return {"protocol": 1, "subjects": [{"name": str(at), "source": source} for at, source in enumerate(sources)]}

    def _member(self, option, member):
        result = _given(member, "name", "use", "key_sha256")
        if member.get("source"):
            result["source"] = self._validated(option + ".source", member["source"])
        if member.get("authority"):
            result["authority"] = self._plain(option + ".authority", member["authority"])
        return result

    def _pin(self, key):
        digits = INVISIBLE.sub("", key)
        if not digits.strip():
            raise OptionError("pinned_keys has an empty element; leave it out")
        return {"name": "pinned key %s" % digits, "key_sha256": digits}

    def _subject(self, option, subject):
        result = _given(subject, "name", "use", "names")
        if subject.get("effective_from"):
            result["effective_from"] = self._time("effective_from", subject["effective_from"])
        if subject.get("source"):
            result["source"] = self._source(option + ".source", subject["source"])
        for key in ("any_of", "candidates"):
            if subject.get(key) is not None:
                result[key] = self._sources(option + "." + key, subject[key])
        if subject.get("install"):
            result["install"] = self._install(option + ".install", subject["install"])
        return result

    def _install(self, option, install):
        result = _given(install, "pkcs12_path", "password_file", "password_env", "encryption")
        for ours, theirs in (("path", "certificate"), ("privatekey_path", "private_key"), ("chain_path", "chain")):
            if install.get(ours):
                result[theirs] = install[ours]
        if install.get("privatekey_passphrase") is not None:
            result["password"] = self._reveal(install["privatekey_passphrase"])
        if install.get("pkcs12_path") and not set(result) & {"password", "password_file", "password_env"}:
            raise OptionError(
                "%s: pkcs12_path needs privatekey_passphrase, password_file or password_env; an empty passphrase is given as ''" % option
            )
        for key in ("backup", "replace_unreadable"):
            if install.get(key):
                result[key] = True
        return result

    def _sources(self, option, sources):
        return [self._source("%s[%d]" % (option, at), source) for at, source in enumerate(sources)]

    def _source(self, option, source):
        """A source of an option that Ansible itself did not look into."""
        if isinstance(source, str):
            source = {"spec": source}
        return self._validated(option, checked(option, source, source_options, SOURCE_RULES))

    def _validated(self, option, source):
        if source.get("spec"):
            return self._spec(option, source["spec"])
        result = _given(source, "password_file", "password_env")
        if source.get("privatekey_passphrase") is not None:
            result["password"] = self._reveal(source["privatekey_passphrase"])
        key = source.get("privatekey_content")
        key = None if key is None else self._reveal(key)
        if source.get("privatekey_path"):
            key = private_key(option + ".privatekey_path", source["privatekey_path"])
        if source.get("tls"):
            result["tls"] = _given(source["tls"], "host", "port", "server_name", "starttls", "timeout")
        elif source.get("pkcs12"):
            result["pkcs12"] = self._reveal(source["pkcs12"])
        elif source.get("path"):
            result.update(_pair(source["path"], key))
        else:
            result["pem"] = "\n".join(part for part in (source.get("content"), key) if part)
        return result

    def _spec(self, option, spec):
        if TOKEN.match(spec):
            raise OptionError("%s: begins as a dictionary and is none: it is neither JSON nor YAML" % option)
        return _expanded(spec)

    def _plain_list(self, option, sources):
        return [self._plain("%s[%d]" % (option, at), source) for at, source in enumerate(sources)]

    def _plain(self, option, source):
        """A source of CA certificates, in the protocol's words or in Ansible's."""
        if isinstance(source, str):
            return self._spec(option, source)
        if not isinstance(source, dict):
            raise OptionError("%s: expected a source, which is a string or a dictionary" % option)
        source = {key: value for key, value in source.items() if value is not None}
        if set(source) == {"spec"}:
            return self._spec(option, source["spec"])
        # A key that stood in the text of CA certificates is nobody's business here.
        source.pop("privatekey_content", None)
        for ours, theirs in (("content", "pem"), ("privatekey_passphrase", "password")):
            if ours in source:
                source[theirs] = source.pop(ours)
        source = {key: self._reveal(value) for key, value in source.items()}
        if isinstance(source.get("path"), str):
            source["path"] = expanded_path(source["path"])
        return source

    def _policy(self, policy):
        given = {key: value for key, value in policy.items() if value is not None}
        if "valid_at" in given:
            given["valid_at"] = self._time("valid_at", given["valid_at"])
        if "distrust" in given:
            given["distrust"] = self._plain_list("policy.distrust", given["distrust"])
        return given

    def _time(self, option, text):
        return timestamp(option, text, self._now)


def _given(options, *keys):
    return {key: options[key] for key in keys if options.get(key) is not None}


def _expanded(spec):
    return os.path.expanduser(spec) if spec.startswith("~") else spec


def expanded_path(path):
    """A path as C(type=path) takes it, where the option may also be something else."""
    return os.path.expanduser(os.path.expandvars(path))


def private_key(option, path):
    """The PEM text of a file that must hold a private key."""
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_PAIR_BYTES + 1)
    except OSError as error:
        raise OptionError("%s: %s cannot be read: %s" % (option, path, told(error)))
    text = content.decode("latin-1")
    if len(content) > MAX_PAIR_BYTES or not PRIVATE_KEY.search(text):
        raise OptionError("%s: %s holds no private key in PEM" % (option, path))
    return text


def told(error):
    """What the system said of a file, with what helps against it."""
    words = (error.strerror or str(error)).lower()
    return words + " (become reads it as another user)" if isinstance(error, PermissionError) else words


def _pair(path, key):
    """A certificate's file, with the key that stands elsewhere. What cannot be read is left to the binary to say."""
    certificate = None if key is None else _text(path)
    if certificate is None:
        return {"path": path}
    return {"pem": "\n".join([certificate, key])}


def _text(path):
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
    value = as_object(value)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        if "\n" in value or value.lstrip().startswith(("{", "[")):
            raise OptionError("reference_document: this text is no JSON of a reference document")
        return {"path": expanded_path(value)}
    if not isinstance(value, dict):
        raise OptionError("reference_document: expected the document itself, or its path")
    # What the module same_ca_reference returns, given whole.
    if "members" not in value and isinstance(value.get("document"), dict):
        value = value["document"]
    if not isinstance(value.get("members"), list):
        raise OptionError("reference_document: this is no reference document, as it has no members")
    return value


def timestamp(option, text, now):
    """A time as C(community.crypto) takes it (C(+3w2d), C(20261120000000Z)) or as the protocol does (RFC 3339)."""
    text = str(text).strip()
    relative = re.match(r"([+-])((?:\d+[wdhms])+)\Z", text)
    if relative:
        units = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
        steps = re.findall(r"(\d+)([wdhms])", relative.group(2))
        try:
            distance = sum((datetime.timedelta(**{units[unit]: int(n)}) for n, unit in steps), datetime.timedelta())
            at = now + distance if relative.group(1) == "+" else now - distance
        except OverflowError:
            raise OptionError("%s: %s is too far away" % (option, text))
        return _rfc3339(at)
    # Loading what strptime needs takes longer than all the rest.
    if re.match(r"\d+Z\Z", text):
        for form in ("%Y%m%d%H%M%SZ", "%y%m%d%H%M%SZ"):
            try:
                return _rfc3339(datetime.datetime.strptime(text, form))
            except ValueError:
                continue
    # YAML makes a time of what looks like one, and Ansible text of that.
    iso = re.match(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.\d+)?(Z|z|[+-]\d\d:\d\d)?\Z", text)
    if iso:
        zone = iso.group(3) or "Z"
        try:
            at = datetime.datetime.strptime("%sT%s" % (iso.group(1), iso.group(2)), "%Y-%m-%dT%H:%M:%S")
        except ValueError:
            raise OptionError("%s: there is no such time: %s" % (option, text))
        if zone not in ("Z", "z"):
            hours, minutes = int(zone[1:3]), int(zone[4:6])
            offset = datetime.timedelta(hours=hours, minutes=minutes)
            at = at - offset if zone[0] == "+" else at + offset
        return _rfc3339(at)
    raise OptionError(
        "%s: expected a time such as 2026-11-20T00:00:00Z, 20261120000000Z or +3w, and not %r" % (option, text)
    )


def _rfc3339(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


BECOME = "read it as a user who may, with become"


def findings(report):
    """The report's findings in order, each saying whose it is."""
    reference = report.get("reference") or {}
    result = []
    for member in reference.get("members") or []:
        result += [_whose(finding, member) for finding in member.get("findings") or []]
    result += [dict(_helped(finding), of="reference") for finding in reference.get("findings") or []]
    for subject in report.get("subjects") or []:
        result += [_whose(finding, subject) for finding in subject.get("findings") or []]
    return result


def _whose(finding, owner):
    whose = dict(_helped(finding), of=owner.get("name"))
    if owner.get("use"):
        whose["use"] = owner["use"]
    return whose


def _helped(finding):
    """A finding of a file that this user may not read, with what Ansible's users do then."""
    if "permission denied" not in str(finding.get("message")) or BECOME in str(finding.get("hint")):
        return finding
    return dict(finding, hint="; ".join(words for words in (BECOME, finding.get("hint")) if words))


def result(report):
    """The return values that every module has."""
    found = findings(report)
    return dict(
        msg=verdict(report, found),
        report=report,
        status=report["status"],
        compliant=report["status"] == "compliant",
        findings=found,
    )


def verdict(report, found):
    """The report's own words; what is wrong with the whole reference before what follows from it."""
    message = report.get("message") or ""
    missing = [finding for finding in found if finding.get("code") == "reference-missing"]
    if missing and missing[0].get("message") not in message:
        hint = missing[0].get("hint")
        return message.split(": ")[0] + ": " + missing[0].get("message", "") + (" [%s]" % hint if hint else "")
    denied = [finding for finding in found if BECOME in str(finding.get("hint"))]
    return message + (" [%s]" % BECOME if denied and BECOME not in message else "")


def failure(report):
    """Why a host is not in the desired state, with what to do next."""
    words = []
    for finding in findings(report):
        if finding.get("severity") not in ("error", "doubt"):
            continue
        use = " (%s)" % finding["use"] if finding.get("use") else ""
        hint = " [%s]" % finding["hint"] if finding.get("hint") else ""
        words.append("%s%s: %s: %s%s" % (finding["of"], use, finding.get("code"), finding.get("message"), hint))
    message = report.get("message") or "not compliant"
    # Behind its first colon the message repeats the first of the findings.
    return message.split(": ")[0] + ": " + "; ".join(words) if words else message


def facts(certificate):
    """What a diff shows of a certificate: never a key."""
    if not certificate:
        return {}
    return {
        "subject": certificate.get("subject"),
        "issuer": certificate.get("issuer"),
        "not_after": certificate.get("not_after"),
        "fingerprints": {
            digest: colons(certificate[digest]) for digest in ("sha1", "sha256") if certificate.get(digest)
        },
    }


def colons(hexadecimal):
    return ":".join(hexadecimal[at:at + 2] for at in range(0, len(hexadecimal), 2))


def inspected(answer, at):
    """The certificates of an inspection, each with the days that are left, and what could not be read."""
    certificates, found = [], []
    for number, subject in enumerate(answer["subjects"]):
        for source in subject.get("sources") or []:
            for one in source.get("certificates") or []:
                whole = dict(one.get("facts") or {}, source=number, chosen=bool(one.get("chosen")))
                whole.update({key: value for key, value in one.items() if key not in ("facts", "chosen", "findings")})
                whole.update(days_left=days_left(whole.get("not_after"), at), expired=str(whole.get("not_after")) < at)
                certificates.append(whole)
                found += [dict(finding, source=number) for finding in one.get("findings") or []]
            found += [dict(finding, source=number) for finding in source.get("findings") or []]
    return certificates, found


def days_left(end, at):
    """Whole days until a certificate ends; nothing where its end cannot be read."""
    try:
        times = [datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ") for text in (end, at)]
    except (TypeError, ValueError):
        return None
    return (times[0] - times[1]) // datetime.timedelta(days=1)
