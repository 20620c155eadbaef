'use strict';
// Everything that comes from reports is set as text, never as markup.
(() => {
  const ROWS = 50;
  const PRINTED = 1000;
  const $ = (id) => document.getElementById(id);
  const el = (name, className, ...children) => {
    const element = document.createElement(name);
    if (className) element.className = className;
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  // What reorders or hides text is written out, as the text formats do.
  const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;
  const safe = (text) => String(text).replace(UNSAFE, (c) => '\\u{' + c.codePointAt(0).toString(16) + '}');
  const day = (seconds) => (seconds === null ? '' : new Date(seconds * 1000).toISOString().slice(0, 10));
  const instant = (seconds) => new Date(seconds * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC');

  let data;
  let records = [];
  let shown = [];
  let page = 0;
  let pageSize = ROWS;
  let sort = { by: 'state', down: false };
  const open = new Set();

  const unpack = (row, number) => {
    const [host, requirement, state, stale, collected, valid, source, line, reference, waivers, subjects, full, future] = row;
    const text = (index) => (index < 0 ? null : data.texts[index]);
    const record = {
      number, host, requirement: text(requirement), state, stale: stale === 1, future: future === 1, collected, valid, source: text(source), line, reference: text(reference),
      waivers, full,
    };
    record.called = host === null ? record.source + (line === null ? '' : ':' + line) : host;
    record.subjects = subjects.map(([name, use, status, relation, proof, key, keyFrom, subject, issuer, begin, end, sha256, findings]) => ({
      name: name === 0 ? host : name, use: text(use), status: text(status), relation: text(relation), proof: text(proof), key: text(key),
      keyFrom: text(keyFrom), subject, issuer: text(issuer), begin, end, sha256,
      findings: findings.map(([code, severity, message, hint]) => ({
        code: text(code), severity: text(severity), message: text(message), hint: text(hint),
      })),
    }));
    const ends = record.subjects.map((subject) => subject.end).filter((end) => end !== null);
    record.end = ends.length ? Math.min(...ends) : null;
    const codes = record.subjects.flatMap((subject) => subject.findings)
      .filter((finding) => finding.severity === 'error' || finding.severity === 'doubt').map((finding) => finding.code);
    record.codes = [...new Set(codes)];
    return record;
  };

  // Worked out when it is first searched for.
  const haystack = (record) => {
    if (record.haystack === undefined) {
      const parts = [record.called, record.requirement, record.source];
      for (const subject of record.subjects) {
        parts.push(subject.name, subject.use, subject.subject, subject.issuer, subject.key, subject.sha256, subject.relation);
        for (const finding of subject.findings) parts.push(finding.code, finding.message);
      }
      const reference = data.references[record.reference];
      if (reference) for (const finding of reference.findings) parts.push(finding.code);
      record.haystack = parts.filter(Boolean).join('\n').toLowerCase();
    }
    return record.haystack;
  };

  const COMPARED = {
    host: (record) => record.called.toLowerCase(),
    requirement: (record) => record.requirement ?? '',
    state: (record) => record.state,
    findings: (record) => record.codes.join(' '),
    end: (record) => record.end ?? Infinity,
    collected: (record) => record.collected ?? -Infinity,
  };

  const called = (key, issuer) => ((key ?? '') + ' ' + (issuer ?? '').trim().split(/\s+/).join(' ')).toLowerCase();

  const select = () => {
    const words = $('search').value.toLowerCase().split(/\s+/).filter(Boolean);
    const state = $('state').value;
    const requirement = $('requirement').value;
    const key = $('key').value.toLowerCase();
    shown = records.filter((record) =>
      (state === '' || String(record.state) === state) &&
      (requirement === '' || record.requirement === data.texts[Number(requirement)]) &&
      (key === '' || record.subjects.some((subject) => called(subject.key, subject.issuer) === key)) &&
      words.every((word) => haystack(record).includes(word)));
    const value = COMPARED[sort.by];
    const order = sort.down ? -1 : 1;
    const keyed = shown.map((record) => [value(record), record]);
    keyed.sort(([a, one], [b, other]) => (a < b ? -order : a > b ? order : one.number - other.number));
    shown = keyed.map(([, record]) => record);
    page = 0;
    show();
  };

  const badge = (state) => {
    const name = data.states[state];
    const mark = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    mark.setAttribute('viewBox', '0 0 10 10');
    mark.setAttribute('aria-hidden', 'true');
    const circle = document.createElementNS('http://www.w3.org/2000/svg', 'circle');
    for (const [attribute, value] of [['cx', '5'], ['cy', '5'], ['r', '5'], ['class', 'fill-' + name]]) circle.setAttribute(attribute, value);
    mark.append(circle);
    return el('span', 'badge is-' + name, mark, name);
  };

  const cell = (label, ...children) => {
    const td = el('td', '', ...children);
    td.setAttribute('role', 'cell');
    if (label) td.dataset.label = label;
    return td;
  };

  const row = (record) => {
    const opener = el('button', 'opener', safe(record.called));
    opener.type = 'button';
    opener.setAttribute('aria-expanded', String(open.has(record.number)));
    opener.dataset.record = record.number;
    const tr = el('tr', '', cell('', opener), cell('Requirement', safe(record.requirement ?? '')),
      cell('State', badge(record.state), record.stale && data.states[record.state] !== 'stale' ? el('span', 'soft', ' stale') : null, record.future ? el('span', 'soft', ' from the future') : null),
      cell('Reasons', safe(record.codes.join(', '))), cell('Ends', el('span', 'nowrap', day(record.end))),
      cell('Collected', el('span', 'nowrap', day(record.collected))));
    tr.setAttribute('role', 'row');
    for (const td of [...tr.children].slice(1)) if (td.textContent === '') td.replaceChildren();
    return tr;
  };

  const show = () => {
    const pages = Math.max(1, Math.ceil(shown.length / pageSize));
    page = Math.min(page, pages - 1);
    const from = page * pageSize;
    const slice = shown.slice(from, from + pageSize);
    const rows = [];
    for (const record of slice) {
      rows.push(row(record));
      if (open.has(record.number)) rows.push(details(record));
    }
    $('rows').replaceChildren(...rows);
    const count = shown.length === 0 ? 'No record fits.'
      : (from + 1).toLocaleString('en') + '–' + (from + slice.length).toLocaleString('en') + ' of ' + shown.length.toLocaleString('en') +
        (shown.length === records.length ? '' : ' (of ' + records.length.toLocaleString('en') + ')');
    $('count').textContent = count;
    $('previous').disabled = page === 0;
    $('next').disabled = page >= pages - 1;
    for (const th of document.querySelectorAll('#hosts th')) {
      const by = th.querySelector('button').dataset.sort;
      if (by === sort.by) th.setAttribute('aria-sort', sort.down ? 'descending' : 'ascending');
      else th.removeAttribute('aria-sort');
    }
    const state = $('state').value;
    for (const tile of document.querySelectorAll('.tiles button')) {
      tile.setAttribute('aria-pressed', String(state !== '' && tile.dataset.state === state));
    }
  };

  const facts = (pairs) => {
    const list = el('dl', 'facts');
    for (const [label, value] of pairs) {
      if (value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) continue;
      const text = Array.isArray(value) ? value.map((one) => safe(typeof one === 'object' ? JSON.stringify(one) : one)).join(', ')
        : safe(typeof value === 'object' ? JSON.stringify(value) : value);
      list.append(el('dt', '', label), el('dd', /sha|serial|key id/i.test(label) ? 'code' : '', text));
    }
    return list;
  };

  const findings = (list) => {
    const box = el('div', '');
    for (const finding of list) {
      box.append(el('div', 'finding ' + (['error', 'doubt'].includes(finding.severity) ? finding.severity : ''),
        el('p', '', el('strong', '', safe(finding.severity)), ' ', el('span', 'code', safe(finding.code)), ': ', safe(finding.message)),
        finding.expected || finding.actual || finding.pointer
          ? facts([['expected', finding.expected], ['actual', finding.actual], ['in request', finding.pointer]]) : null,
        finding.hint ? el('p', 'hint', safe(finding.hint)) : null));
    }
    return box;
  };

  const NAMED = {
    subject: 'subject', issuer: 'issuer', serial_number: 'serial number', not_before: 'valid from', not_after: 'valid until', sha1: 'SHA-1 (thumbprint)',
    sha256: 'SHA-256', key_algorithm: 'key', key_bits: 'key bits', key_curve: 'curve', key_sha256: 'key SHA-256', signature_algorithm: 'signature',
    subject_alternative_names: 'names', subject_key_identifier: 'subject key id', authority_key_identifier: 'authority key id',
    extended_key_usage: 'extended key usage', key_usage: 'key usage', is_ca: 'is a CA', crl_distribution_points: 'CRL', ca_issuers: 'CA issuers',
    template: 'template', template_version: 'template version', ca_version: 'CA version', previous_ca_hash: 'previous CA hash',
  };
  const LEFT_OUT = ['subject_ordered', 'issuer_ordered', 'pem', 'chain'];
  const certificate = (held) => facts([
    ...Object.entries(NAMED).map(([name, label]) => [label, held[name]]),
    ...Object.entries(held).filter(([name]) => !(name in NAMED) && !LEFT_OUT.includes(name)),
  ]);

  const folded = (title, content) => el('details', '', el('summary', '', title), content);

  // One subject as its report has it.
  const fullSubject = (subject) => {
    const box = el('div', 'subject', el('h3', '', safe(subject.name) + (subject.use ? ' (' + safe(subject.use) + ')' : '')));
    const issued = subject.issued_by;
    box.append(facts([
      ['status', subject.status], ['relation', subject.relation], ['known by', subject.proof],
      ['signed by key SHA-256', issued && issued.key_sha256], ['of', issued && issued.subject], ['key from', issued && issued.key_from],
    ]));
    box.append(findings(subject.findings ?? []));
    if (subject.certificate) box.append(el('h4', '', 'Certificate'), certificate(subject.certificate));
    if (Array.isArray(subject.evidence) && subject.evidence.length) {
      const steps = el('ol', 'plain');
      for (const step of subject.evidence) {
        steps.append(el('li', '', el('strong', '', safe(step.kind)), facts([
          ['certificate SHA-256', step.certificate], ['signer key SHA-256', step.signer_key_sha256],
          ['signer certificate SHA-256', step.signer_certificate], ['other certificate SHA-256', step.other_certificate],
        ])));
      }
      box.append(el('h4', '', 'Evidence, each step a signature that was verified'), steps);
    }
    for (const passed of subject.passed_over ?? []) {
      const content = el('div', '', facts([['relation', passed.relation], ['known by', passed.proof]]), findings(passed.findings ?? []));
      if (passed.certificate) content.append(certificate(passed.certificate));
      box.append(folded('Passed over: ' + safe(passed.from) + ' ' + safe(passed.index), content));
    }
    for (const name of ['before', 'after']) {
      if (subject[name]) box.append(folded(name === 'before' ? 'Certificate before' : 'Certificate after', certificate(subject[name])));
    }
    return box;
  };

  const shortSubject = (subject) => el('div', 'subject',
    el('h3', '', safe(subject.name) + (subject.use ? ' (' + safe(subject.use) + ')' : '')),
    facts([
      ['status', subject.status], ['relation', subject.relation], ['known by', subject.proof], ['certificate', subject.subject],
      ['issuer', subject.issuer], ['signed by key SHA-256', subject.key], ['key from', subject.keyFrom],
      ['valid from', subject.begin === null ? null : instant(subject.begin)], ['valid until', subject.end === null ? null : instant(subject.end)],
      ['SHA-256', subject.sha256],
    ]),
    findings(subject.findings));

  const referenceOf = (record) => {
    const reference = data.references[record.reference];
    if (!reference) return null;
    const box = el('div', '');
    for (const authority of reference.authorities) {
      const keys = authority.keys.map((key) => (key.ca_version ? key.ca_version + ' ' : '') + key.key_sha256 + ' (' + key.joined_by + ')');
      box.append(facts([['CA', authority.subject ?? 'a pinned key'], ['set by', authority.members], ['keys', keys]]));
    }
    const members = reference.members.map((member) => member.name + (member.use ? ' (' + member.use + ')' : ''));
    box.append(facts([['members', members]]));
    box.append(findings(reference.findings));
    for (const member of reference.members) {
      if (member.findings && member.findings.length) box.append(el('p', 'soft', safe(member.name)), findings(member.findings));
    }
    return folded('Reference, what sets the rule', box);
  };

  const details = (record) => {
    const td = el('td', '');
    td.colSpan = 6;
    td.setAttribute('role', 'cell');
    td.append(facts([
      ['requirement', record.requirement], ['collected', record.collected === null ? null : instant(record.collected)],
      ['judged at', instant(record.valid)], ['source', record.source + (record.line === null ? '' : ', line ' + record.line)],
      ['waivers', record.waivers.map((index) => data.waivers[index])],
    ]));
    const full = record.full === 0 ? null : data.details[record.full - 1];
    if (full) td.append(...full.map(fullSubject));
    else {
      td.append(el('p', 'soft', 'In short. The certificates in full and the evidence stand in ' + safe(record.source) +
        (record.line === null ? '' : ', line ' + record.line) + '.'));
      td.append(...record.subjects.map(shortSubject));
    }
    const reference = referenceOf(record);
    if (reference) td.append(el('div', 'subject', reference));
    const tr = el('tr', 'details', td);
    tr.setAttribute('role', 'row');
    tr.dataset.of = record.number;
    return tr;
  };

  const toggle = (opener) => {
    const record = records[Number(opener.dataset.record)];
    const tr = opener.closest('tr');
    if (open.delete(record.number)) tr.nextElementSibling.remove();
    else {
      open.add(record.number);
      tr.after(details(record));
    }
    opener.setAttribute('aria-expanded', String(open.has(record.number)));
  };

  const start = () => {
    data = JSON.parse($('data').textContent);
    $('data').textContent = '';
    records = data.records.map(unpack);
    data.records = null;
    const option = (value, text) => {
      const one = el('option', '', text);
      one.value = value;
      return one;
    };
    data.states.forEach((state, index) => {
      if (records.some((record) => record.state === index)) $('state').append(option(String(index), state));
    });
    for (const index of data.requirements) $('requirement').append(option(String(index), safe(data.texts[index])));
    for (const [value, label] of data.keys) $('key').append(option(value, safe(label)));
    let waiting;
    $('search').addEventListener('input', () => {
      clearTimeout(waiting);
      waiting = setTimeout(select, 100);
    });
    for (const id of ['state', 'requirement', 'key']) $(id).addEventListener('change', select);
    $('clear').addEventListener('click', () => {
      for (const id of ['search', 'state', 'requirement', 'key']) $(id).value = '';
      select();
      $('search').focus();
    });
    const turn = (by) => {
      page += by;
      show();
      $('hosts').scrollIntoView({ block: 'start' });
    };
    $('previous').addEventListener('click', () => turn(-1));
    $('next').addEventListener('click', () => turn(1));
    for (const button of document.querySelectorAll('#hosts th button')) {
      button.addEventListener('click', () => {
        sort = { by: button.dataset.sort, down: sort.by === button.dataset.sort && !sort.down };
        select();
      });
    }
    $('rows').addEventListener('click', (event) => {
      const opener = event.target.closest('.opener');
      if (opener) toggle(opener);
    });
    const jump = () => {
      select();
      $('records').scrollIntoView({ block: 'start' });
    };
    for (const tile of document.querySelectorAll('.tiles button')) {
      tile.addEventListener('click', () => {
        if (![...$('state').options].some((one) => one.value === tile.dataset.state)) {
          const list = tile.dataset.list && $(tile.dataset.list);
          if (list) {
            list.querySelector('details').open = true;
            list.scrollIntoView({ block: 'start' });
          }
          return;
        }
        $('state').value = $('state').value === tile.dataset.state ? '' : tile.dataset.state;
        jump();
      });
    }
    for (const button of document.querySelectorAll('button[data-key]')) {
      button.addEventListener('click', () => {
        $('key').value = button.dataset.key;
        jump();
      });
    }
    for (const button of document.querySelectorAll('button[data-code]')) {
      button.addEventListener('click', () => {
        $('search').value = button.dataset.code;
        jump();
      });
    }
    addEventListener('beforeprint', () => {
      pageSize = PRINTED;
      page = 0;
      show();
    });
    addEventListener('afterprint', () => {
      pageSize = ROWS;
      show();
    });
    select();
    $('records').removeAttribute('aria-busy');
    document.documentElement.dataset.ready = 'yes';
  };
  // The verdict is painted first.
  requestAnimationFrame(() => setTimeout(start, 0));
})();
