#include "tests/fakes/discord/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>

namespace spillway::fake {
namespace {

constexpr long kValidSeconds = 30L * 24 * 3600;

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

void Check(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("certificate: ") + what + " failed");
}

void AddExtension(X509* certificate, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value);
  Check(extension != nullptr, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate SelfSigned(EVP_PKEY* key) {
  Certificate certificate(X509_new(), &X509_free);
  X509* x = certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x), kValidSeconds);
  X509_set_pubkey(x, key);
  X509_NAME* name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("fake discord"), -1, -1,
                             0);
  X509_set_issuer_name(x, name);
  AddExtension(x, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(x, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
  Check(X509_sign(x, key, EVP_sha256()) > 0, "signing");
  return certificate;
}

File Open(const std::filesystem::path& path) {
  File file(std::fopen(path.c_str(), "w"), &std::fclose);
  if (!file) throw std::runtime_error("certificate: cannot write " + path.string());
  return file;
}

}  // namespace

void MakeCertificate(const std::string& directory) {
  namespace fs = std::filesystem;
  const fs::path ca = fs::path(directory) / "ca.pem";
  const fs::path server = fs::path(directory) / "server.pem";
  if (fs::exists(ca) && fs::exists(server)) return;
  fs::create_directories(directory);
  const Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  Check(key != nullptr, "making a key");
  const Certificate certificate = SelfSigned(key.get());
  Check(PEM_write_X509(Open(ca).get(), certificate.get()) == 1, "writing ca.pem");
  const File file = Open(server);
  Check(PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1, "writing server.pem");
  Check(PEM_write_X509(file.get(), certificate.get()) == 1, "writing server.pem");
  fs::permissions(server, fs::perms::owner_read | fs::perms::owner_write);
}

}  // namespace spillway::fake
