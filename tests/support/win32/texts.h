/* What certutil says in the languages of Windows: the parts that programs have been known to parse. */

#include <wchar.h>

struct texts {
    const wchar_t *name;      /* as in the settings */
    unsigned code_page;       /* of redirected output: the OEM code page of that Windows */
    const wchar_t *root;      /* the display name of the Root store */
    const wchar_t *banner;    /* index */
    const wchar_t *serial;
    const wchar_t *issuer;
    const wchar_t *not_before;
    const wchar_t *not_after;
    const wchar_t *subject;
    const wchar_t *hash;
    const wchar_t *date;      /* for GetDateFormat */
    const wchar_t *added;     /* name */
    const wchar_t *already;   /* name */
    const wchar_t *deleting;  /* index, name */
    const wchar_t *completed; /* verb */
    const wchar_t *failed;    /* verb, status and its name */
};

static const struct texts LANGUAGES[] = {
    {L"en", 437, L"Trusted Root Certification Authorities",
     L"================ Certificate %d ================", L"Serial Number: ", L"Issuer: ", L" NotBefore: ",
     L" NotAfter: ", L"Subject: ", L"Cert Hash(sha1): ", L"M/d/yyyy", L"Certificate \"%ls\" added to store.",
     L"Certificate \"%ls\" already in store.", L"Deleting Certificate %d: %ls",
     L"CertUtil: -%ls command completed successfully.", L"CertUtil: -%ls command FAILED: %ls"},
    {L"de", 850, L"Vertrauenswürdige Stammzertifizierungsstellen",
     L"================ Zertifikat %d ================", L"Seriennummer: ", L"Aussteller: ", L" Nicht vor: ",
     L" Nicht nach: ", L"Antragsteller: ", L"Zertifikathash(sha1): ", L"dd.MM.yyyy",
     L"Zertifikat \"%ls\" wurde zum Speicher hinzugefügt.", L"Zertifikat \"%ls\" ist bereits im Speicher.",
     L"Zertifikat %d wird gelöscht: %ls", L"CertUtil: -%ls-Befehl wurde erfolgreich ausgeführt.",
     L"CertUtil: -%ls-Befehl ist fehlgeschlagen: %ls"},
    {L"fr", 850, L"Autorités de certification racines de confiance",
     L"================ Certificat %d ================", L"Numéro de série\x00a0: ", L"Émetteur\x00a0: ",
     L" NotBefore\x00a0: ", L" NotAfter\x00a0: ", L"Objet\x00a0: ", L"Hach. cert. (sha1)\x00a0: ", L"dd/MM/yyyy",
     L"Le certificat « %ls » a été ajouté au magasin.", L"Le certificat « %ls » est déjà dans le magasin.",
     L"Suppression du certificat %d\x00a0: %ls", L"CertUtil: -%ls La commande s'est terminée correctement.",
     L"CertUtil: -%ls ÉCHEC de la commande\x00a0: %ls"},
    {L"ja", 932, L"信頼されたルート証明機関", L"================ 証明書 %d ================", L"シリアル番号: ",
     L"発行者: ", L" この日以降: ", L" この日以前: ", L"サブジェクト: ", L"証明書ハッシュ(sha1): ", L"yyyy/MM/dd",
     L"証明書 \"%ls\" がストアに追加されました。", L"証明書 \"%ls\" は既にストアにあります。",
     L"証明書 %d を削除しています: %ls", L"CertUtil: -%ls コマンドは正常に完了しました。",
     L"CertUtil: -%ls コマンド エラーです: %ls"},
    {L"zh", 936, L"受信任的根证书颁发机构", L"================ 证书 %d ================", L"序列号: ", L"颁发者: ",
     L" NotBefore: ", L" NotAfter: ", L"使用者: ", L"证书哈希(sha1): ", L"yyyy/M/d",
     L"证书 \"%ls\" 已添加到存储。", L"证书 \"%ls\" 已在存储中。", L"正在删除证书 %d: %ls",
     L"CertUtil: -%ls 命令成功完成。", L"CertUtil: -%ls 命令失败: %ls"},
};
