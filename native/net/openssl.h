// OpenSSL as the process has it: Node's binary exports its own. Nothing is linked, so a Node without it loads all the same
// and has no TLS here.
#pragma once
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>

// Every function that is called here: the addon's own macros of OpenSSL end in these too.
#define ZC_OPENSSL(X) \
  X(BIO_clear_flags) X(BIO_ctrl) X(BIO_free) X(BIO_get_data) X(BIO_meth_new) X(BIO_meth_set_create) \
  X(BIO_meth_set_ctrl) X(BIO_meth_set_read) X(BIO_meth_set_write) X(BIO_new) X(BIO_new_mem_buf) X(BIO_set_data) \
  X(BIO_set_flags) X(BIO_set_init) X(CRYPTO_free) X(CRYPTO_malloc) X(ERR_clear_error) X(ERR_peek_error) \
  X(ERR_peek_last_error) X(ERR_reason_error_string) X(EVP_CIPHER_CTX_ctrl) X(EVP_CIPHER_CTX_free) \
  X(EVP_CIPHER_CTX_new) X(EVP_DecryptInit_ex) X(EVP_DigestFinal_ex) X(EVP_DigestInit_ex) X(EVP_DigestUpdate) \
  X(EVP_EncryptFinal_ex) X(EVP_EncryptInit_ex) X(EVP_EncryptUpdate) X(EVP_MAC_CTX_set_params) X(EVP_MD_CTX_free) \
  X(EVP_MD_CTX_new) X(EVP_MD_fetch) X(EVP_PKEY_free) X(EVP_aes_128_gcm) X(EVP_aes_256_cbc) X(EVP_aes_256_gcm) \
  X(EVP_chacha20_poly1305) X(EVP_sha256) X(EVP_sha384) X(HMAC) X(OPENSSL_cleanse) X(OPENSSL_version_major) \
  X(OSSL_PARAM_construct_end) X(OSSL_PARAM_construct_octet_string) X(OSSL_PARAM_construct_utf8_string) \
  X(OpenSSL_version) X(PEM_read_bio_PrivateKey) X(PEM_read_bio_X509) X(RAND_bytes) X(SSL_CIPHER_get_protocol_id) \
  X(SSL_CTX_callback_ctrl) X(SSL_CTX_check_private_key) X(SSL_CTX_ctrl) X(SSL_CTX_free) X(SSL_CTX_get_ex_data) \
  X(SSL_CTX_new) X(SSL_CTX_set_alpn_select_cb) X(SSL_CTX_set_cipher_list) X(SSL_CTX_set_ciphersuites) \
  X(SSL_CTX_set_client_hello_cb) X(SSL_client_hello_get0_ext) \
  X(SSL_CTX_set_default_read_buffer_len) X(SSL_CTX_set_ex_data) X(SSL_CTX_set_keylog_callback) \
  X(SSL_CTX_set_num_tickets) X(SSL_CTX_set_options) X(SSL_CTX_set_session_id_context) X(SSL_CTX_set_timeout) \
  X(SSL_CTX_set_tlsext_ticket_key_evp_cb) X(SSL_CTX_use_PrivateKey) X(SSL_CTX_use_certificate) \
  X(SSL_SESSION_get_max_fragment_length) X(SSL_ctrl) X(SSL_do_handshake) X(SSL_free) X(SSL_get0_alpn_selected) \
  X(SSL_get_SSL_CTX) X(SSL_get_certificate) X(SSL_get_current_cipher) X(SSL_get_error) X(SSL_get_ex_data) \
  X(SSL_get_servername) X(SSL_get_session) X(SSL_has_pending) X(SSL_new) X(SSL_read_ex) X(SSL_session_reused) \
  X(SSL_set_SSL_CTX) X(SSL_set_accept_state) X(SSL_set_bio) X(SSL_set_ex_data) X(SSL_set_msg_callback) X(SSL_shutdown) \
  X(SSL_version) X(SSL_write_ex) X(TLS_server_method) X(X509_free)

#define ZC_PRAGMA(text) _Pragma(#text)
#define ZC_WEAK(name) ZC_PRAGMA(weak name)
ZC_OPENSSL(ZC_WEAK)
#undef ZC_WEAK
#undef ZC_PRAGMA

namespace zc {

/** "OpenSSL 3.0.15 3 Sep 2024", or empty where there is none, or not of version 3. */
std::string openssl_version();

template <auto free_one>
struct OpensslFree {
  template <class T>
  void operator()(T* value) const {
    free_one(value);
  }
};

}  // namespace zc
