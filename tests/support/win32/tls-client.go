// A TLS client that trusts what Windows trusts: Go asks the chain engine of crypt32.
//
//	tls-client ADDRESS NAME
//
// Exit status: 0 the server is trusted, 1 its certificate is rejected, 2 anything else.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Println("usage: tls-client ADDRESS NAME")
		os.Exit(2)
	}
	connection, err := tls.Dial("tcp", os.Args[1], &tls.Config{ServerName: os.Args[2]})
	if err == nil {
		connection.Close()
		fmt.Println("trusted")
		return
	}
	fmt.Println(err)
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	if errors.As(err, &unknown) || errors.As(err, &invalid) {
		os.Exit(1)
	}
	os.Exit(2)
}
