"""What the random policies of the small world are made of: few values of each key, so that statements meet in them."""

from typing import Any

OWN, INSIDE, STRANGER = "111122223333", "222233334444", "999999999999"
BUCKET = "arn:aws:s3:::bk"
KEY = f"arn:aws:kms:us-east-1:{OWN}:key/11111111-aaaa-bbbb-cccc-000000000001"
ROLE = f"arn:aws:iam::{OWN}:role/app"
WRITER = f"arn:aws:iam::{OWN}:role/writer"
ORG = "o-ours123456"

ARNS = [
    ROLE,
    WRITER,
    f"arn:aws:iam::{OWN}:user/ann",
    f"arn:aws:iam::{OWN}:root",
    f"arn:aws:iam::{STRANGER}:role/app",
    f"arn:aws:iam::{INSIDE}:role/team/x",
    f"arn:aws:iam::{OWN}:*",
    f"arn:aws:iam::{OWN}:role/*",
    "arn:aws:iam::1111*:role/*",
    "arn:aws:iam::*:role/app*",
    "arn:*:iam::????22223333:*",
    "*",
]
WORDS = ["a", "b", "A", "a*", "?", "*b", ""]

TEXTS: dict[str, list[str]] = {
    "aws:PrincipalArn": ARNS,
    "aws:PrincipalAccount": [OWN, STRANGER, INSIDE, "1111*", "????22223333", "*", "${aws:ResourceAccount}"],
    "aws:PrincipalOrgID": [ORG, "o-other12345", "o-*"],
    "aws:PrincipalType": ["AssumedRole", "User", "Account", "Anonymous", "*"],
    "aws:userid": ["AROA*", "*:app", "AIDA*", "anonymous", OWN],
    "aws:username": ["ann", "a*", "*", "bob"],
    "aws:PrincipalServiceName": ["logging.s3.amazonaws.com", "cloudtrail.amazonaws.com", "*.amazonaws.com"],
    "aws:PrincipalTag/team": WORDS,
    "aws:RequestTag/team": WORDS,
    "aws:ResourceTag/team": [*WORDS, "${aws:PrincipalTag/team}"],
    "aws:SourceVpc": ["vpc-a", "vpc-b", "vpc-*"],
    "aws:SourceVpce": ["vpce-a", "vpce-b", "*"],
    "aws:SourceAccount": [OWN, STRANGER, "1111*", "*", "${aws:ResourceAccount}"],
    "aws:SourceArn": [f"arn:aws:logs:*:{OWN}:*", f"arn:aws:sns:us-east-1:{STRANGER}:t", "arn:aws:s3:::bk", "*"],
    "aws:SourceOrgID": [ORG, "o-*"],
    "aws:CalledViaFirst": ["athena.amazonaws.com", "*"],
    "aws:UserAgent": ["a*", "*b*", "a"],
    "aws:Referer": ["a", "*"],
    "aws:RequestedRegion": ["us-east-1", "us-*"],
    "aws:ResourceAccount": [OWN, STRANGER, "*", "${aws:PrincipalAccount}", "${aws:SourceAccount}"],
    "aws:SourceIdentity": WORDS,
    "custom:thing": WORDS,
}
LISTS: dict[str, list[str]] = {
    "aws:PrincipalOrgPaths": [f"{ORG}/*", f"{ORG}/r-1/ou-1/", "o-other12345/r-2/", "*"],
    "aws:CalledVia": ["athena.amazonaws.com", "cloudformation.amazonaws.com", "*.amazonaws.com"],
    "aws:TagKeys": WORDS,
    "aws:PrincipalServiceNamesList": ["cloudtrail.amazonaws.com", "*"],
    "custom:things": WORDS,
}
BOOLEANS = ["aws:PrincipalIsAWSService", "aws:ViaAWSService", "aws:MultiFactorAuthPresent", "aws:SecureTransport"]
NUMBERS: dict[str, list[str]] = {"aws:MultiFactorAuthAge": ["300", "3600"]}
DATES: dict[str, list[str]] = {
    "aws:CurrentTime": ["2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z", "2030-06-01T00:00:00+02:00"],
    "aws:EpochTime": ["1900000000", "1577836800"],
    "aws:TokenIssueTime": ["2026-12-01T00:00:00Z"],
}
ADDRESSES: dict[str, list[str]] = {
    "aws:SourceIp": ["10.0.0.0/8", "0.0.0.0/0", "::/0", "192.0.2.7", "0.0.0.0/1", "128.0.0.0/1"],
    "aws:VpcSourceIp": ["10.0.0.0/8", "10.0.0.0/9", "::/0"],
}
S3_TEXTS: dict[str, list[str]] = {
    "s3:x-amz-server-side-encryption": ["AES256", "aws:kms", "aws:kms:dsse", "aws:*"],
    "s3:x-amz-server-side-encryption-aws-kms-key-id": [KEY, f"arn:aws:kms:us-east-1:{OWN}:key/*", "alias/*", "*"],
    "s3:x-amz-server-side-encryption-customer-algorithm": ["AES256", "*"],
    "s3:x-amz-acl": ["private", "*"],
    "s3:prefix": ["a", "a*"],
    "s3:authType": ["REST-HEADER", "POST"],
    "s3:ExistingObjectTag/team": WORDS,
}
S3_NUMBERS: dict[str, list[str]] = {"s3:TlsVersion": ["1.2", "1.3", "1.1"], "s3:signatureAge": ["600000", "1000"]}
KMS_TEXTS: dict[str, list[str]] = {
    "kms:ViaService": ["s3.us-east-1.amazonaws.com", "s3.*", "*"],
    "kms:CallerAccount": [OWN, STRANGER, INSIDE, "1111*"],
    "kms:EncryptionContext:team": WORDS,
}
KMS_LISTS: dict[str, list[str]] = {"kms:EncryptionContextKeys": WORDS}
KMS_BOOLEANS = ["kms:GrantIsForAWSResource", "kms:BypassPolicyLockoutSafetyCheck"]

S3_ACTIONS = ["s3:Get*", "s3:PutObject", "s3:*Object", "s3:List*", "S3:getobject", "s3:*", "s3:PutObject*", "*"]
KMS_ACTIONS = ["kms:Decrypt", "kms:Put*", "kms:*", "kms:Encrypt", "kms:*Key*", "kms:Re*", "kms:[a]*", "kms:Cr*", "*"]
S3_RESOURCES = [BUCKET, f"{BUCKET}/*", f"{BUCKET}/a*", f"{BUCKET}*", f"{BUCKET}/?", "*", "arn:aws:s3:::*"]
KMS_RESOURCES = ["*", KEY]
PRINCIPALS: list[Any] = [
    {"AWS": OWN},
    {"AWS": [ROLE, WRITER]},
    {"AWS": f"arn:aws:iam::{STRANGER}:root"},
    {"AWS": [INSIDE, f"arn:aws:iam::{OWN}:user/ann"]},
    {"AWS": f"arn:aws:sts::{OWN}:assumed-role/app/s1"},
    {"AWS": "AROAEXAMPLE"},
    {"Service": "cloudtrail.amazonaws.com"},
    {"Service": ["logging.s3.amazonaws.com", "s3.amazonaws.com"], "AWS": ROLE},
    {"Federated": "cognito-identity.amazonaws.com"},
    {"AWS": f"arn:aws:iam::{OWN}:role/*"},
]
VARIABLES = ["${aws:PrincipalTag/team}", "${aws:PrincipalAccount}", "${aws:username, 'a'}", "a${*}", "${aws:userid}"]
