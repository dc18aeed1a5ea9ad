/*
 * A certutil.exe over the real CryptoAPI stores, for a Windows that has none: Wine's own does nothing and says it has.
 *
 *   certutil [-f] [-user|-enterprise|-grouppolicy] [-Unicode] -addstore STORE FILE
 *   certutil [...] -delstore STORE CERTID
 *   certutil [...] -store [STORE [CERTID [OUTFILE]]]
 *   certutil [...] -verifystore STORE [CERTID]
 *
 * A store is a view of several physical ones, as on Windows: the machine's is HKLM with the group policy's, the
 * enterprise's and the third-party roots; a user's is HKCU with all those below it. What is added goes to the first.
 * The exit status is the HRESULT.
 *
 * Where C:\certutil exists, a line for each call goes to C:\certutil\calls (the arguments, with tabs
 * between them), and C:\certutil\settings has lines NAME=VALUE:
 *
 *   language=de       or fr, ja, zh: what is said, in that Windows' OEM code page
 *   dialog=no         what the user answers when a root of the account's own is added or taken out; never: not at all
 *   change=fails      nothing is changed, and that is said; lies: it is not; late: it is changed, and said to have failed
 *   hash=pairs        fingerprints with a space after each byte, as older versions have them
 *   missing=all       a CERTID that matches nothing lists everything
 *   missing=bare      ... or is said without the name of the store
 *   errors=stderr     where errors go
 */

#include <windows.h>
#include <wincrypt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "texts.h"

#define DIRECTORY L"C:\\certutil\\"
#define POLICY L"SOFTWARE\\Policies\\Microsoft\\SystemCertificates\\Root\\ProtectedRoots"
#define MOST_STORES 8
#define MOST_TEXT (4 * 1024 * 1024)

struct physical {
    HCERTSTORE handle;
    DWORD location;
};

struct view {
    const wchar_t *name;
    struct physical stores[MOST_STORES];
    int count;
};

static const struct {
    DWORD status;
    const wchar_t *name;
    const wchar_t *meaning;
} ERRORS[] = {
    {0x80090011, L"NTE_NOT_FOUND", L"Object was not found."},
    {0x80092004, L"CRYPT_E_NOT_FOUND", L"Cannot find object or property."},
    {0x80070002, L"WIN32: 2 ERROR_FILE_NOT_FOUND", L"The system cannot find the file specified."},
    {0x80070003, L"WIN32: 3 ERROR_PATH_NOT_FOUND", L"The system cannot find the path specified."},
    {0x80070005, L"WIN32: 5 ERROR_ACCESS_DENIED", L"Access is denied."},
    {0x80070057, L"WIN32: 87 ERROR_INVALID_PARAMETER", L"The parameter is incorrect."},
    {0x800704c7, L"WIN32: 1223 ERROR_CANCELLED", L"The operation was canceled by the user."},
    {0x80004005, L"E_FAIL", L"Unspecified error"},
    {0x80092009, L"CRYPT_E_NO_MATCH", L"Cannot find the requested object."},
    {0x80093102, L"CRYPT_E_ASN1_EOD", L"ASN1 unexpected end of data."},
    {0x8009310b, L"CRYPT_E_ASN1_BADTAG", L"ASN1 bad tag value met."},
    {0x800b0101, L"CERT_E_EXPIRED", L"A required certificate is not within its validity period."},
};

static const struct texts *texts = LANGUAGES;
static wchar_t *said, *errors;
static HANDLE turn;
static wchar_t dialog[16], change[16], hash_format[16], missing[16], error_stream[16];
static bool unicode, force, user, enterprise, policy;

/* --- settings and output ------------------------------------------------------------------------ */

static void say_to(wchar_t *where, const wchar_t *format, va_list arguments)
{
    size_t used = wcslen(where);
    _vsnwprintf(where + used, MOST_TEXT - used - 3, format, arguments);
    wcscat(where, L"\r\n");
}

static void say(const wchar_t *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say_to(said, format, arguments);
    va_end(arguments);
}

static void complain(const wchar_t *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say_to(wcscmp(error_stream, L"stderr") ? said : errors, format, arguments);
    va_end(arguments);
}

static void write_out(DWORD stream, const wchar_t *text)
{
    DWORD done;
    HANDLE out = GetStdHandle(stream);
    if (unicode) {
        WriteFile(out, text, (DWORD)(wcslen(text) * sizeof *text), &done, NULL);
        return;
    }
    int size = WideCharToMultiByte(texts->code_page, 0, text, -1, NULL, 0, NULL, NULL);
    char *bytes = malloc(size);
    WideCharToMultiByte(texts->code_page, 0, text, -1, bytes, size, NULL, NULL);
    WriteFile(out, bytes, size - 1, &done, NULL);
    free(bytes);
}

static void set(wchar_t *variable, const wchar_t *value)
{
    wcsncpy(variable, value, 15);
}

static void read_settings(void)
{
    FILE *file = _wfopen(DIRECTORY L"settings", L"rt");
    wchar_t line[128];
    if (!file)
        return;
    while (fgetws(line, 128, file)) {
        line[wcscspn(line, L"\r\n")] = 0;
        wchar_t *value = wcschr(line, L'=');
        if (!value)
            continue;
        *value++ = 0;
        if (!wcscmp(line, L"language"))
            for (size_t n = 0; n < sizeof LANGUAGES / sizeof *LANGUAGES; n++)
                texts = wcscmp(value, LANGUAGES[n].name) ? texts : &LANGUAGES[n];
        else if (!wcscmp(line, L"dialog"))
            set(dialog, value);
        else if (!wcscmp(line, L"change"))
            set(change, value);
        else if (!wcscmp(line, L"hash"))
            set(hash_format, value);
        else if (!wcscmp(line, L"missing"))
            set(missing, value);
        else if (!wcscmp(line, L"errors"))
            set(error_stream, value);
    }
    fclose(file);
}

/* One write, so that the lines of several at once stay whole. */
static void note_call(int count, wchar_t **words)
{
    HANDLE file = CreateFileW(DIRECTORY L"calls", FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_ALWAYS,
                              FILE_ATTRIBUTE_NORMAL, NULL);
    static wchar_t line[32768];
    static char bytes[98304];
    DWORD done;
    if (file == INVALID_HANDLE_VALUE)
        return;
    for (int n = 1; n < count && wcslen(line) + wcslen(words[n]) + 3 < 32768; n++) {
        wcscat(line, n > 1 ? L"\t" : L"");
        wcscat(line, words[n]);
    }
    wcscat(line, L"\n");
    int size = WideCharToMultiByte(CP_UTF8, 0, line, -1, bytes, sizeof bytes, NULL, NULL);
    WriteFile(file, bytes, size - 1, &done, NULL);
    CloseHandle(file);
}

static DWORD status_of(DWORD error)
{
    return error && error <= 0xffff ? 0x80070000 | error : error;
}

/* --- stores ------------------------------------------------------------------------------------- */

static bool is_root(const struct view *view)
{
    return !_wcsicmp(view->name, L"Root");
}

static bool user_roots_disabled(void)
{
    DWORD flags = 0, size = sizeof flags;
    RegGetValueW(HKEY_LOCAL_MACHINE, POLICY, L"Flags", RRF_RT_REG_DWORD, NULL, &flags, &size);
    return flags & CERT_PROT_ROOT_DISABLE_CURRENT_USER_FLAG;
}

static bool elevated(void)
{
    BYTE administrators[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof administrators;
    BOOL member = FALSE;
    CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, administrators, &size);
    return CheckTokenMembership(NULL, administrators, &member) && member;
}

static bool is_users(DWORD location)
{
    return location == CERT_SYSTEM_STORE_CURRENT_USER;
}

/* Wine knows the enterprise's stores by no name of their own, but any key of the registry can be a store. */
static HCERTSTORE open_enterprise(const wchar_t *name, DWORD flags, bool write, bool create)
{
    wchar_t path[256];
    HKEY key;
    swprintf(path, 256, L"SOFTWARE\\Microsoft\\EnterpriseCertificates\\%.100ls", name);
    REGSAM rights = write ? KEY_ALL_ACCESS : KEY_READ;
    LONG error = create && write ? RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, 0, rights, NULL, &key, NULL)
                                 : RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, rights, &key);
    SetLastError(error);
    return error ? NULL : CertOpenStore(CERT_STORE_PROV_REG, 0, 0, flags, key);
}

/* Adds a physical store to the view; the first is made where it is not there and `create` is true. */
static DWORD open_physical(struct view *view, DWORD location, const wchar_t *name, bool create)
{
    bool write = elevated() || is_users(location);
    DWORD flags = (write ? 0 : CERT_STORE_READONLY_FLAG) | (create ? 0 : CERT_STORE_OPEN_EXISTING_FLAG);
    HCERTSTORE store = location == CERT_SYSTEM_STORE_LOCAL_MACHINE_ENTERPRISE
                           ? open_enterprise(name, flags, write, create)
                           : CertOpenStore(CERT_STORE_PROV_SYSTEM_REGISTRY_W, 0, 0, location | flags, name);
    if (!store)
        return GetLastError() ? status_of(GetLastError()) : 0x80070002;
    view->stores[view->count].handle = store;
    view->stores[view->count++].location = location;
    return 0;
}

/* The first of its stores decides whether a view is there at all: the others may be missing. */
static DWORD open_view(struct view *view, const wchar_t *name)
{
    DWORD first = enterprise ? CERT_SYSTEM_STORE_LOCAL_MACHINE_ENTERPRISE
                  : policy   ? (user ? CERT_SYSTEM_STORE_CURRENT_USER_GROUP_POLICY
                                     : CERT_SYSTEM_STORE_LOCAL_MACHINE_GROUP_POLICY)
                  : user     ? CERT_SYSTEM_STORE_CURRENT_USER
                             : CERT_SYSTEM_STORE_LOCAL_MACHINE;
    view->name = name;
    /* Every Windows has these; a prefix of Wine gets them when they are first written to. */
    bool create = force || is_root(view) || !_wcsicmp(name, L"CA") || !_wcsicmp(name, L"Disallowed");
    DWORD status = open_physical(view, first, name, create);
    if (status || enterprise || policy)
        return status;
    if (user) {
        open_physical(view, CERT_SYSTEM_STORE_CURRENT_USER_GROUP_POLICY, name, false);
        open_physical(view, CERT_SYSTEM_STORE_LOCAL_MACHINE, name, false);
    }
    open_physical(view, CERT_SYSTEM_STORE_LOCAL_MACHINE_GROUP_POLICY, name, false);
    open_physical(view, CERT_SYSTEM_STORE_LOCAL_MACHINE_ENTERPRISE, name, false);
    if (is_root(view))
        open_physical(view, CERT_SYSTEM_STORE_LOCAL_MACHINE, L"AuthRoot", false);
    return 0;
}

/* Wine writes a store's changes when told to; it does not always do so when the store is closed. */
static void close_view(struct view *view)
{
    for (int n = 0; n < view->count; n++) {
        CertControlStore(view->stores[n].handle, 0, CERT_STORE_CTRL_COMMIT, NULL);
        CertCloseStore(view->stores[n].handle, 0);
    }
    view->count = 0;
}

/* Whether the change may be made; asks, where Windows asks. */
static DWORD ask(const struct view *view, DWORD location)
{
    if (!is_users(location))
        return elevated() ? 0 : 0x80070005;
    if (is_root(view) && !wcscmp(dialog, L"never")) {
        ReleaseMutex(turn);
        Sleep(INFINITE);
    }
    return is_root(view) && !wcscmp(dialog, L"no") ? 0x800704c7 : 0;
}

/* --- certificates ------------------------------------------------------------------------------- */

static void hexadecimal(const BYTE *bytes, DWORD size, bool reversed, const wchar_t *between, wchar_t *out)
{
    *out = 0;
    for (DWORD n = 0; n < size; n++)
        out += swprintf(out, 8, L"%02x%ls", bytes[reversed ? size - 1 - n : n], n + 1 < size ? between : L"");
}

/* Asked of a copy in memory: what is computed when it is asked for is kept with the certificate, and written back. */
static void digest(PCCERT_CONTEXT one, DWORD property, const wchar_t *between, wchar_t *out)
{
    BYTE bytes[64];
    DWORD size = sizeof bytes;
    PCCERT_CONTEXT copy = CertCreateCertificateContext(X509_ASN_ENCODING, one->pbCertEncoded, one->cbCertEncoded);
    *out = 0;
    if (copy && CertGetCertificateContextProperty(copy, property, bytes, &size))
        hexadecimal(bytes, size, false, between, out);
    if (copy)
        CertFreeCertificateContext(copy);
}

static void common_name(PCCERT_CONTEXT one, wchar_t *out, DWORD size)
{
    CertGetNameStringW(one, CERT_NAME_ATTR_TYPE, 0, (void *)szOID_COMMON_NAME, out, size);
}

/* Index, fingerprint, key identifier, serial number or common name: whatever fits, as certutil has it. */
static bool matches(PCCERT_CONTEXT one, int index, const wchar_t *id)
{
    wchar_t bare[512] = L"", found[512], *end;
    if (!id)
        return true;
    for (size_t n = 0, at = 0; id[n] && at < 511; n++)
        if (id[n] != L' ')
            bare[at++] = id[n];
    if (wcslen(bare) < 6 && wcstol(bare, &end, 10) == index && !*end)
        return true;
    digest(one, CERT_SHA1_HASH_PROP_ID, L"", found);
    if (!_wcsicmp(found, bare))
        return true;
    digest(one, CERT_KEY_IDENTIFIER_PROP_ID, L"", found);
    if (!_wcsicmp(found, bare))
        return true;
    if (one->pCertInfo->SerialNumber.cbData < 128) {
        hexadecimal(one->pCertInfo->SerialNumber.pbData, one->pCertInfo->SerialNumber.cbData, true, L"", found);
        if (!_wcsicmp(found, bare))
            return true;
    }
    common_name(one, found, 512);
    return !_wcsicmp(found, id);
}

/* Wine quotes what Windows does not, a name with a space in it: quotes around nothing that needs them are dropped. */
static void distinguished(const CERT_NAME_BLOB *name, wchar_t *out, DWORD size)
{
    CertNameToStrW(X509_ASN_ENCODING, (CERT_NAME_BLOB *)name, CERT_X500_NAME_STR | CERT_NAME_STR_REVERSE_FLAG, out, size);
    for (wchar_t *open = wcschr(out, L'"'); open; open = wcschr(open + 1, L'"')) {
        wchar_t *close = open + 1 + wcscspn(open + 1, L",+=<>#;\"\n\r");
        if (*close == L'"' && close[1] != L'"' && close[-1] != L' ' && open[1] != L' ') {
            memmove(close, close + 1, (wcslen(close + 1) + 1) * sizeof *close);
            memmove(open, open + 1, (wcslen(open + 1) + 1) * sizeof *open);
        } else {
            while ((open = wcschr(open + 1, L'"')) && open[1] == L'"')
                open++;
            if (!open)
                return;
        }
    }
}

static void show_time(const wchar_t *label, const FILETIME *moment)
{
    SYSTEMTIME time;
    wchar_t date[64] = L"";
    FileTimeToSystemTime(moment, &time);
    GetDateFormatW(LOCALE_INVARIANT, 0, &time, texts->date, date, 64);
    say(L"%ls%ls %02d:%02d", label, date, time.wHour, time.wMinute);
}

static void show(PCCERT_CONTEXT one, int index)
{
    static wchar_t text[8192];
    const CERT_INFO *info = one->pCertInfo;
    say(texts->banner, index);
    if (info->SerialNumber.cbData < 1024) {
        hexadecimal(info->SerialNumber.pbData, info->SerialNumber.cbData, true, L"", text);
        say(L"%ls%ls", texts->serial, text);
    }
    distinguished(&info->Issuer, text, 8192);
    say(L"%ls%ls", texts->issuer, text);
    show_time(texts->not_before, &info->NotBefore);
    show_time(texts->not_after, &info->NotAfter);
    distinguished(&info->Subject, text, 8192);
    say(L"%ls%ls", texts->subject, text);
    say(L"Signature matches Public Key");
    if (CertCompareCertificateName(X509_ASN_ENCODING, (CERT_NAME_BLOB *)&info->Issuer, (CERT_NAME_BLOB *)&info->Subject))
        say(L"Root Certificate: Subject matches Issuer");
    digest(one, CERT_SHA1_HASH_PROP_ID, wcscmp(hash_format, L"pairs") ? L"" : L" ", text);
    say(L"%ls%ls", texts->hash, text);
    say(L"No key provider information");
    say(L"Cannot find the certificate and private key for decryption.");
    say(L"");
}

static void show_store(const wchar_t *name)
{
    say(L"%ls \"%ls\"", name, _wcsicmp(name, L"Root") ? name : texts->root);
}

/* --- files -------------------------------------------------------------------------------------- */

static DWORD read_file(const wchar_t *path, BYTE **content, DWORD *size)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return status_of(GetLastError());
    DWORD length = GetFileSize(file, NULL);
    *content = calloc(length + 1, 1);
    BOOL done = ReadFile(file, *content, length, size, NULL);
    DWORD status = done ? 0 : status_of(GetLastError());
    CloseHandle(file);
    return status;
}

/* The certificates of a file: the first block of PEM text and no other, DER, or all of PKCS #7. */
static DWORD load(const wchar_t *path, HCERTSTORE *certificates)
{
    static const char BEGIN[] = "-----BEGIN CERTIFICATE-----", END[] = "-----END";
    BYTE *content = NULL;
    DWORD size = 0;
    DWORD status = read_file(path, &content, &size);
    if (status)
        return status;
    char *begin = strstr((char *)content, BEGIN);
    char *end = begin ? strstr(begin + sizeof BEGIN, END) : NULL;
    if (end) {
        BYTE *binary = malloc(size);
        if (!CryptStringToBinaryA(begin + sizeof BEGIN - 1, (DWORD)(end - begin - (sizeof BEGIN - 1)), CRYPT_STRING_BASE64,
                                  binary, &size, NULL, NULL))
            return 0x80093102;
        content = binary;
    }
    *certificates = CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, NULL);
    if (CertAddEncodedCertificateToStore(*certificates, X509_ASN_ENCODING, content, size, CERT_STORE_ADD_ALWAYS, NULL))
        return 0;
    status = GetLastError() ? status_of(GetLastError()) : 0x80092009;
    CERT_BLOB blob = {size, content};
    if (CryptQueryObject(CERT_QUERY_OBJECT_BLOB, &blob, CERT_QUERY_CONTENT_FLAG_PKCS7_SIGNED, CERT_QUERY_FORMAT_FLAG_ALL, 0,
                         NULL, NULL, NULL, certificates, NULL, NULL))
        return 0;
    return status;
}

static DWORD save(PCCERT_CONTEXT one, const wchar_t *path)
{
    DWORD done;
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, force ? CREATE_ALWAYS : CREATE_NEW, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return status_of(GetLastError());
    WriteFile(file, one->pbCertEncoded, one->cbCertEncoded, &done, NULL);
    CloseHandle(file);
    return 0;
}

/* --- what is asked for -------------------------------------------------------------------------- */

static bool holds(const struct physical *store, PCCERT_CONTEXT one)
{
    BYTE hash[20];
    DWORD size = sizeof hash;
    CertGetCertificateContextProperty(one, CERT_SHA1_HASH_PROP_ID, hash, &size);
    CRYPT_HASH_BLOB wanted = {size, hash};
    PCCERT_CONTEXT there = CertFindCertificateInStore(store->handle, X509_ASN_ENCODING, 0, CERT_FIND_SHA1_HASH, &wanted, NULL);
    if (there)
        CertFreeCertificateContext(there);
    return there;
}

/* What is in a part of the view that others write is neither added again nor replaced. */
static DWORD add_one(struct view *view, PCCERT_CONTEXT one)
{
    wchar_t name[512];
    common_name(one, name, 512);
    for (int n = 0; n < view->count; n++) {
        if (!holds(&view->stores[n], one))
            continue;
        bool others = n > 0 && view->stores[n].location != CERT_SYSTEM_STORE_LOCAL_MACHINE;
        if (force && others)
            return 0x80070005;
        if (!force && (n == 0 || others)) {
            say(texts->already, name);
            return 0;
        }
    }
    DWORD status = ask(view, view->stores[0].location);
    if (status)
        return status;
    /* To Wine, a certificate with the same issuer and serial number is the same; Windows keeps both. */
    if (wcscmp(change, L"lies") && !holds(&view->stores[0], one)
        && !CertAddCertificateContextToStore(view->stores[0].handle, one, CERT_STORE_ADD_ALWAYS, NULL))
        return status_of(GetLastError());
    say(L"Signature matches Public Key");
    say(texts->added, name);
    return 0;
}

static DWORD add_store(struct view *view, const wchar_t *path)
{
    HCERTSTORE certificates;
    DWORD status = load(path, &certificates);
    PCCERT_CONTEXT one = NULL;
    while (!status && (one = CertEnumCertificatesInStore(certificates, one)))
        status = add_one(view, one);
    return status;
}

static DWORD delete_one(struct view *view, int store, PCCERT_CONTEXT one, int index)
{
    static wchar_t name[8192];
    DWORD status = ask(view, view->stores[store].location);
    if (status)
        return status;
    distinguished(&one->pCertInfo->Subject, name, 8192);
    say(texts->deleting, index, name);
    if (wcscmp(change, L"lies") && !CertDeleteCertificateFromStore(one))
        return status_of(GetLastError());
    return 0;
}

/* Like certutil, it has done what was asked where nothing matched. All are found before one is deleted. */
static DWORD delete_store(struct view *view, const wchar_t *id)
{
    static struct {
        PCCERT_CONTEXT one;
        int store, index;
    } doomed[1024];
    int index = 0, count = 0;
    for (int n = 0; n < view->count; n++)
        for (PCCERT_CONTEXT one = NULL; (one = CertEnumCertificatesInStore(view->stores[n].handle, one)); index++)
            if (count < 1024 && matches(one, index, id)) {
                doomed[count].one = CertDuplicateCertificateContext(one);
                doomed[count].store = n;
                doomed[count++].index = index;
            }
    for (int n = 0; n < count; n++) {
        DWORD status = delete_one(view, doomed[n].store, doomed[n].one, doomed[n].index);
        if (status)
            return status;
    }
    return 0;
}

static DWORD show_matching(struct view *view, const wchar_t *id, const wchar_t *path, bool verify)
{
    int index = 0, found = 0;
    bool hidden = user && !policy && is_root(view) && user_roots_disabled();
    for (int n = hidden ? 1 : 0; n < view->count; n++)
        for (PCCERT_CONTEXT one = NULL; (one = CertEnumCertificatesInStore(view->stores[n].handle, one)); index++) {
            if (!matches(one, index, id))
                continue;
            show(one, index);
            if (path && !found++) {
                DWORD status = save(one, path);
                if (status)
                    return status;
            }
            found++;
            if (verify && CertVerifyTimeValidity(NULL, one->pCertInfo))
                return 0x800b0101;
        }
    if (found || !id)
        return 0;
    if (wcscmp(missing, L"all"))
        return 0x80090011;
    return show_matching(view, NULL, NULL, false);
}

static bool is_verb(const wchar_t *word, const wchar_t *verb)
{
    return (*word == L'-' || *word == L'/') && !_wcsicmp(word + 1, verb);
}

static DWORD work(const wchar_t *verb, int count, wchar_t **arguments)
{
    bool adds = !_wcsicmp(verb, L"addstore"), deletes = !_wcsicmp(verb, L"delstore");
    bool changes = adds || deletes;
    const wchar_t *name = count ? arguments[0] : L"CA", *id = count > 1 ? arguments[1] : NULL;
    struct view view = {0};
    if (count > (changes ? 2 : 3) || (changes && count < 2)) {
        complain(L"Expected %ls args, received %d", changes ? L"2" : L"no more than 3", count);
        return 0x80070057;
    }
    /* The only lock: Wine writes a whole store back, and would bring back what another has deleted. */
    turn = CreateMutexW(NULL, FALSE, L"certutil");
    WaitForSingleObject(turn, INFINITE);
    DWORD status = open_view(&view, name);
    if (status) {
        say(L"Cannot open existing Cert store.  Use -f option to force Cert store creation.");
        return status;
    }
    size_t before = wcslen(said);
    show_store(name);
    if (changes && !is_users(view.stores[0].location) && !elevated()) {
        said[before] = 0;
        complain(L"Administrator permissions are needed to use the selected options. "
                 L"Use an administrator command prompt to complete these tasks.");
        return 0x80070005;
    }
    status = changes && !wcscmp(change, L"fails") ? 0x80004005
             : adds    ? add_store(&view, id)
             : deletes ? delete_store(&view, id)
                       : show_matching(&view, id, count > 2 ? arguments[2] : NULL, !_wcsicmp(verb, L"verifystore"));
    close_view(&view);
    ReleaseMutex(turn);
    if (status == 0x80090011 && !wcscmp(missing, L"bare"))
        said[before] = 0;
    return changes && !status && !wcscmp(change, L"late") ? 0x80004005 : status;
}

static void report_failure(const wchar_t *verb, DWORD status)
{
    wchar_t text[128];
    const wchar_t *name = L"", *meaning = L"Unspecified error";
    for (size_t n = 0; n < sizeof ERRORS / sizeof *ERRORS; n++)
        if (ERRORS[n].status == status) {
            name = ERRORS[n].name;
            meaning = ERRORS[n].meaning;
        }
    if ((status & 0xffff0000) == 0x80070000)
        swprintf(text, 128, L"0x%08lx (%ls)", status, name);
    else
        swprintf(text, 128, L"0x%08lx (%ld %ls)", status, (long)status, name);
    complain(texts->failed, verb, text);
    complain(L"CertUtil: %ls", meaning);
}

int wmain(int count, wchar_t **words)
{
    static const wchar_t *const VERBS[] = {L"addstore", L"delstore", L"store", L"verifystore"};
    int at = 1;
    said = calloc(MOST_TEXT, sizeof *said);
    errors = calloc(MOST_TEXT, sizeof *errors);
    read_settings();
    note_call(count, words);
    for (; at < count; at++) {
        if (is_verb(words[at], L"f"))
            force = true;
        else if (is_verb(words[at], L"user"))
            user = true;
        else if (is_verb(words[at], L"enterprise"))
            enterprise = true;
        else if (is_verb(words[at], L"grouppolicy"))
            policy = true;
        else if (is_verb(words[at], L"Unicode"))
            unicode = true;
        else
            break;
    }
    const wchar_t *verb = NULL;
    for (size_t n = 0; at < count && n < sizeof VERBS / sizeof *VERBS; n++)
        if (is_verb(words[at], VERBS[n]))
            verb = VERBS[n];
    DWORD status = 0x80070057;
    if (verb) {
        status = work(verb, count - at - 1, words + at + 1);
        if (status)
            report_failure(verb, status);
        else
            say(texts->completed, verb);
    } else {
        complain(L"Unknown arg: %ls", at < count ? words[at] : L"");
    }
    write_out(STD_OUTPUT_HANDLE, said);
    write_out(STD_ERROR_HANDLE, errors);
    return (int)status;
}
