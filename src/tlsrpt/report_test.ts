import assert from "node:assert/strict";
import { printReport, type Reporter, reportNames } from "./report.ts";
import { addSession, type AppliedPolicy, type DayResults, noResults } from "./results.ts";

const reporter: Reporter = {
  organization: "Company-X",
  contact: { local: "sts-reporting", domain: "company-x.example" },
  reportId: "5065427c-23d3@company-x.example",
};
const sts: AppliedPolicy = {
  type: "sts",
  text: ["version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"],
  domain: "company-y.example",
  mxHosts: ["*.mail.company-y.example"],
};
const nobody = { sendingIp: null, receivingHelo: null, receivingIp: null, reason: null } as const;
const results: DayResults = {
  domain: "company-y.example",
  day: Date.UTC(2016, 3, 1),
  policies: [{
    policy: sts,
    successes: 5326,
    failures: 303,
    details: [
      {
        ...nobody,
        type: "certificate-expired",
        sendingIp: "2001:db8:abcd:12::1",
        receivingHost: "mx1.mail.company-y.example",
        count: 100,
      },
      {
        type: "validation-failure",
        sendingIp: "198.51.100.62",
        receivingHost: "mx-backup.mail.company-y.example",
        receivingHelo: "mx-backup",
        receivingIp: "203.0.113.58",
        reason: "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED",
        count: 3,
      },
    ],
  }],
};

Deno.test("a report is printed as the standard's example is", () => {
  // RFC 8460 appendix B, with `mx-host` as erratum 6241 has it.
  assert.deepEqual(JSON.parse(printReport(results, reporter)), {
    "organization-name": "Company-X",
    "date-range": { "start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z" },
    "contact-info": "sts-reporting@company-x.example",
    "report-id": "5065427c-23d3@company-x.example",
    "policies": [{
      "policy": {
        "policy-type": "sts",
        "policy-string": [
          "version: STSv1",
          "mode: testing",
          "mx: *.mail.company-y.example",
          "max_age: 86400",
        ],
        "policy-domain": "company-y.example",
        "mx-host": ["*.mail.company-y.example"],
      },
      "summary": { "total-successful-session-count": 5326, "total-failure-session-count": 303 },
      "failure-details": [
        {
          "result-type": "certificate-expired",
          "sending-mta-ip": "2001:db8:abcd:12::1",
          "receiving-mx-hostname": "mx1.mail.company-y.example",
          "failed-session-count": 100,
        },
        {
          "result-type": "validation-failure",
          "sending-mta-ip": "198.51.100.62",
          "receiving-mx-hostname": "mx-backup.mail.company-y.example",
          "receiving-mx-helo": "mx-backup",
          "receiving-ip": "203.0.113.58",
          "failed-session-count": 3,
          "failure-reason-code": "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED",
        },
      ],
    }],
  });
});

Deno.test("what does not apply is left out, and names are in A-labels", () => {
  const quiet = addSession(noResults("bücher.example", 0), {
    policy: { type: "no-policy-found", text: [], domain: "bücher.example", mxHosts: ["x"] },
    failures: [],
  });
  const report = JSON.parse(
    printReport(quiet, { ...reporter, contact: { local: "a b", domain: "bücher.example" } }),
  );
  assert.equal(report["contact-info"], '"a b"@xn--bcher-kva.example');
  assert.deepEqual(report.policies, [{
    "policy": { "policy-type": "no-policy-found", "policy-domain": "xn--bcher-kva.example" },
    "summary": { "total-successful-session-count": 1, "total-failure-session-count": 0 },
  }]);
});

Deno.test("a policy of TLSA records has each record's text, and no patterns", () => {
  const text = ["3 0 1 1f850a337e6db9c609c522d136a475638cc43e1ed424f8eec8513d747d1d085d"];
  const tlsa = { type: "tlsa", text, domain: "mx.example.org", mxHosts: [] } as const;
  const report = JSON.parse(
    printReport(addSession(noResults("mx.example.org", 0), { policy: tlsa, failures: [] }), reporter),
  );
  assert.deepEqual(report.policies[0].policy, {
    "policy-type": "tlsa",
    "policy-string": text,
    "policy-domain": "mx.example.org",
  });
});

Deno.test("the message that carries a report is named as the standard wants it", () => {
  const names = reportNames(results, reporter);
  assert.deepEqual(names, {
    subject:
      "Report Domain: company-y.example Submitter: company-x.example Report-ID: <5065427c-23d3@company-x.example>",
    fields: [["TLS-Report-Domain", "company-y.example"], ["TLS-Report-Submitter", "company-x.example"]],
    fileName: "company-x.example!company-y.example!1459468800!1459555199!5065427c23d3.json.gz",
  });
  assert.match(reportNames(results, reporter, "json").fileName, /\.json$/);
  assert.match(
    reportNames(results, { ...reporter, reportId: "-@x.example" }).fileName,
    /!1459555199\.json\.gz$/,
  );
  for (const reportId of ["", "a", "a@b@c", "a b@c", "a@b\r\n", "<a@b>"]) {
    assert.throws(() => reportNames(results, { ...reporter, reportId }), TypeError);
  }
});
