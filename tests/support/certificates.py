"""Certificates of an authority that only the tests know."""

import ssl

import trustme


class Authority:
    """Signs certificates, each written into a folder beside its key."""

    def __init__(self, folder):
        self._authority = trustme.CA()
        self._folder = folder
        self.path = str(folder / "authority.pem")
        self._authority.cert_pem.write_to_path(self.path)

    def issue(self, name):
        """Return the paths of a certificate for a host name or an address, and of its key."""
        issued = self._authority.issue_cert(name)
        cert, key = (str(self._folder / (name + end)) for end in (".pem", ".key"))
        issued.private_key_pem.write_to_path(key)
        issued.cert_chain_pems[0].write_to_path(cert)
        return cert, key

    def context(self):
        """Return what a client trusts that knows this authority alone."""
        return ssl.create_default_context(cafile=self.path)
