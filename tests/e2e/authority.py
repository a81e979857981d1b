"""A certificate authority of the tests' own, and certificates that it, or nobody, signed."""

from __future__ import annotations

import subprocess
from pathlib import Path


def openssl(*arguments: str | Path, text: str = "") -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, input=text, text=True, capture_output=True)


class Authority:
    """folder/ca.pem is whom to trust. Each certificate is a folder with cert.pem (the chain) and key.pem."""

    def __init__(self, folder: Path, name: str = "Authority of the tests") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self.key = folder / "ca.key"
        self.made = 0
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", self.key, "-out",
                self.certificate)

    def issue(self, *names: str, is_expired: bool = False) -> Path:
        """For all the names, which may have "*"."""
        self.made += 1
        made = self.folder / f"certificate-{self.made}"
        made.mkdir()
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                f"/CN={names[0][:60]}", "-keyout", made / "key.pem", "-out", made / "request.pem")
        (made / "extensions").write_text("basicConstraints=CA:FALSE\nsubjectAltName="
                                         + ",".join(f"DNS:{name}" for name in names) + "\n")
        dates = ["-days", "-1"] if is_expired else ["-days", "30"]
        openssl("x509", "-req", "-in", made / "request.pem", "-CA", self.certificate, "-CAkey", self.key,
                "-CAcreateserial", *dates, "-extfile", made / "extensions", "-out", made / "leaf.pem")
        (made / "cert.pem").write_text((made / "leaf.pem").read_text() + self.certificate.read_text())
        return made
