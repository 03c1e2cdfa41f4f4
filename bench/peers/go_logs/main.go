// The tutorial's program, as it stands there: what this server grew from, and is measured against.

package main

import (
	"bufio"
	"fmt"
	"golang.org/x/net/websocket"
	"io"
	"log"
	"net/http"
	"os"
	"time"
)

func echoHandler(ws *websocket.Conn) {
	var (
		err  error
		m    int
		line string
	)

	fileObj, err := os.Open(os.Args[1])
	if err != nil {
		fmt.Printf("open file faild, err:%v\n", err)
		return
	}
	//关闭文件
	defer fileObj.Close()
	reader := bufio.NewReader(fileObj)
	msg := make([]byte, 512)
	for {

		//n, err = ws.Read(msg)
		//if err != nil {
		//	log.Fatal(err)
		//}
		//fmt.Printf("Receive: %s\n", msg[:n])

		line, err = reader.ReadString('\n') //按照字符’\n‘来分割每次读取长度
		if err == io.EOF {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if err != nil {
			fmt.Printf("read from file failed, err:%v\n", err)
			return
		}
		fmt.Print(line)

		//send_msg := "[" + string(msg[:n]) + "]"
		m, err = ws.Write([]byte(line))
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("Send: %s\n", msg[:m])
	}

}

func main() {
	http.Handle("/echo", websocket.Handler(echoHandler))
	http.Handle("/", http.FileServer(http.Dir(".")))

	err := http.ListenAndServe(":8080", nil)

	if err != nil {
		panic("ListenAndServe: " + err.Error())
	}
}
