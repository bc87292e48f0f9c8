"""A master key that never leaves AWS KMS. Needs the extra `kms`; credentials and region are those of boto3."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

from airbyte_agent_server.ports import SealBrokenError
from airbyte_agent_server.problems import ProblemError
from airbyte_agent_server.vault.master_key import DataKeyName, MasterKeyError

_ID_LENGTH = 16
_NOT_OURS = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})


class KmsClient(Protocol):
    """The part of boto3's client that is used."""

    def describe_key(self, *, KeyId: str) -> dict[str, dict[str, object]]:  # noqa: N803  # boto3's names
        """Facts about a key."""
        ...

    def encrypt(self, *, KeyId: str, Plaintext: bytes, EncryptionContext: dict[str, str]) -> dict[str, bytes]:  # noqa: N803
        """Encrypt up to 4 KiB."""
        ...

    def decrypt(self, *, KeyId: str, CiphertextBlob: bytes, EncryptionContext: dict[str, str]) -> dict[str, bytes]:  # noqa: N803
        """Decrypt."""
        ...


@dataclass(frozen=True, slots=True)
class KmsMasterKey:
    """A symmetric key of AWS KMS. The name of a data key is its encryption context, so CloudTrail shows it.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html
    """

    arn: str
    _client: KmsClient = field(repr=False, compare=False)

    @property
    def id(self) -> str:
        """Derived from the ARN."""
        return hashlib.blake2b(self.arn.encode()).hexdigest()[:_ID_LENGTH]

    @property
    def origin(self) -> str:
        """The ARN."""
        return f"AWS KMS, {self.arn}"

    async def wrap(self, data_key: bytes, *, name: DataKeyName) -> bytes:
        """`data_key`, encrypted by KMS."""

        def encrypt() -> bytes:
            answer = self._client.encrypt(KeyId=self.arn, Plaintext=data_key, EncryptionContext=_context(name))
            return answer["CiphertextBlob"]

        return await self._ask(encrypt)

    async def unwrap(self, wrapped: bytes, *, name: DataKeyName) -> bytes:
        """The data key, decrypted by KMS."""

        def decrypt() -> bytes:
            answer = self._client.decrypt(KeyId=self.arn, CiphertextBlob=wrapped, EncryptionContext=_context(name))
            return answer["Plaintext"]

        return await self._ask(decrypt)

    async def _ask(self, call: Callable[[], bytes]) -> bytes:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  # an extra

        try:
            return await asyncio.to_thread(call)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _NOT_OURS:
                raise SealBrokenError(f"{self.origin} did not wrap this data key.") from None
            raise _unavailable(f"refuses with {code}: check the key's policy and state") from None
        except BotoCoreError as error:
            raise _unavailable(f"cannot be asked ({type(error).__name__}): try again") from None


async def connect_kms(key: str) -> KmsMasterKey:
    """The KMS key with that id, ARN or alias.

    Raises:
        MasterKeyError: the extra is missing, or there is no such key that can be used.
    """
    try:
        return await asyncio.to_thread(_connect, key)
    except ImportError:
        raise MasterKeyError("A master key in AWS KMS needs boto3: pip install 'airbyte-agent-hubspot[kms]'.") from None


def _connect(key: str) -> KmsMasterKey:
    import boto3  # noqa: PLC0415  # an extra
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        region = key.split(":")[3] if key.startswith("arn:") else None  # else boto3's own
        client = cast("KmsClient", boto3.client("kms", region_name=region))
        facts = client.describe_key(KeyId=key)["KeyMetadata"]
    except (BotoCoreError, ClientError) as error:
        raise MasterKeyError(
            f"AWS KMS does not give the master key {key}: {str(error).rstrip('.')}. "
            "Check the key's id, AWS_DEFAULT_REGION and the credentials."
        ) from None
    if facts["KeyState"] != "Enabled":
        raise MasterKeyError(f"The master key {facts['Arn']} in AWS KMS is {facts['KeyState']}: enable it.")
    return KmsMasterKey(str(facts["Arn"]), client)


def _context(name: DataKeyName) -> dict[str, str]:
    return {"data_key": name.id, "owner": name.owner}


def _unavailable(why: str) -> ProblemError:
    return ProblemError("unavailable", f"AWS KMS, which keeps the master key, {why}.", retry_after_s=2)
