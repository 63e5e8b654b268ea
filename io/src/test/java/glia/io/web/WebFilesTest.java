package glia.io.web;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Addresses that others choose: only the public internet is reached, within limits.
@Timeout(60)
class WebFilesTest {
    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private final List<String> asked = new ArrayList<>();
    private ServerSocket server;

    @BeforeEach
    void start() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (Socket client = server.accept()) {
                    answer(client);
                } catch (IOException e) {
                    // The client went, or the test ended.
                }
            }
        });
    }

    private void answer(Socket client) throws IOException {
        InputStream in = client.getInputStream();
        StringBuilder head = new StringBuilder();
        while (!head.toString().endsWith("\r\n\r\n")) {
            head.append((char) in.read());
        }
        synchronized (asked) {
            asked.add(head.toString());
        }
        String answer = answers.get(head.toString().split(" ")[1]);
        client.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
        client.getOutputStream().flush();
        if (answer.endsWith("…") || answer.contains("X-Slow")) {
            in.read();
        }
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    /// The names of public hosts, which the test's server stands for.
    private WebFiles files(long bytes, Duration time) {
        return new WebFiles(host -> switch (host) {
            case "example.com" -> new InetAddress[] {InetAddress.getLoopbackAddress()};
            case "inside.example.com" -> new InetAddress[] {InetAddress.getByName("10.0.0.1")};
            default -> throw new UnknownHostException(host);
        }, address -> address.isLoopbackAddress(), bytes, time);
    }

    private String url(String path) {
        return "http://example.com:" + server.getLocalPort() + path;
    }

    private String refusal(WebFiles files, String address) {
        return assertThrows(IOException.class, () -> files.get(address)).getMessage();
    }

    private static String ok(String headers, String body) {
        return "HTTP/1.1 200 OK\r\n" + headers + "\r\n" + body;
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.0.9", "169.254.169.254",
        "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
        "198.51.100.7", "203.0.113.9", "224.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1",
        "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1",
        "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "100::1"})
    void noPrivateOrReservedAddressIsPublic(String address) throws UnknownHostException {
        assertFalse(WebFiles.isPublic(InetAddress.getByName(address)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.1.1.1", "8.8.8.8", "100.63.0.1", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.1.0.1",
        "198.20.0.1", "223.255.255.1", "2606:4700::1111", "2001:4860:4860::8888", "2a00:1450::1"})
    void addressesOfTheInternetArePublic(String address) throws UnknownHostException {
        assertTrue(WebFiles.isPublic(InetAddress.getByName(address)));
    }

    @Test
    void theUsualResolverReachesNoLocalHost() {
        for (String host : List.of(
                "127.0.0.1", "[::1]", "localhost", "0", "2130706433", "0x7f000001", "169.254.169.254",
                "[::ffff:127.0.0.1]")) {
            String message = refusal(WebFiles.defaults(), "http://" + host + ":" + server.getLocalPort() + "/");
            assertTrue(message.contains("not of the public internet") || message.contains("no host"), message);
        }
        assertTrue(asked.isEmpty());
    }

    @Test
    void filesOfAllFramingsAreRead() throws IOException {
        answers.put("/length", ok("Content-Length: 3\r\n", "abc"));
        answers.put("/close?x=1", ok("", "abcd"));
        answers.put("/chunks", ok("Transfer-Encoding: chunked\r\n", "2;x=y\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"));
        WebFiles files = files(100, Duration.ofSeconds(20));
        assertEquals("abc", new String(files.get(url("/length")), StandardCharsets.UTF_8));
        assertArrayEquals("abcd".getBytes(StandardCharsets.UTF_8), files.get(url("/close?x=1")));
        assertEquals("abcde", new String(files.get(url("/chunks")), StandardCharsets.UTF_8));
        assertTrue(asked.getFirst().contains("\r\nHost: example.com:" + server.getLocalPort() + "\r\n"));
    }

    @Test
    void redirectsAreCheckedLikeAddresses() throws IOException {
        answers.put("/a", "HTTP/1.1 302 Found\r\nLocation: /b\r\n\r\n");
        answers.put("/b", ok("Content-Length: 1\r\n", "b"));
        answers.put("/inside", "HTTP/1.1 301 Moved\r\nLocation: http://inside.example.com/secret\r\n\r\n");
        answers.put("/file", "HTTP/1.1 301 Moved\r\nLocation: file:///etc/passwd\r\n\r\n");
        answers.put("/loop", "HTTP/1.1 307 Moved\r\nLocation: /loop\r\n\r\n");
        WebFiles files = files(100, Duration.ofSeconds(20));
        assertEquals(1, files.get(url("/a")).length);
        assertTrue(refusal(files, url("/inside")).contains("leads to 10.0.0.1"));
        assertTrue(refusal(files, url("/file")).contains("no http or https address"));
        assertTrue(refusal(files, url("/loop")).contains("more than 5 redirects"));
    }

    /// A name server that answers differently the second time gains nothing: there is no second time.
    @Test
    void aNameIsResolvedOnceAndItsCheckedAddressConnectedTo() throws IOException {
        answers.put("/", ok("Content-Length: 1\r\n", "x"));
        AtomicInteger lookups = new AtomicInteger();
        InetAddress own = InetAddress.getLoopbackAddress();
        List<InetAddress> checked = new ArrayList<>();
        WebFiles files = new WebFiles(host -> lookups.incrementAndGet() == 1 ? new InetAddress[] {own}
                : new InetAddress[] {InetAddress.getByName("10.0.0.1")}, checked::add, 10, Duration.ofSeconds(20));
        assertEquals(1, files.get("http://example.com:" + server.getLocalPort()).length);
        assertEquals(1, lookups.get());
        assertEquals(List.of(own), checked);
        WebFiles mixed = new WebFiles(host -> new InetAddress[] {own, InetAddress.getByName("192.168.0.1")},
                InetAddress::isLoopbackAddress, 10, Duration.ofSeconds(20));
        assertTrue(refusal(mixed, url("/")).contains("192.168.0.1"), "one address that is not allowed is too many");
    }

    @Test
    void bytesAndTimeAreLimited() {
        answers.put("/long", ok("Content-Length: 101\r\n", "x".repeat(101)));
        answers.put("/close", ok("", "x".repeat(101)));
        answers.put("/chunks", ok("Transfer-Encoding: chunked\r\n", "ffffff\r\n"));
        answers.put("/short", ok("Content-Length: 9\r\n", "x"));
        answers.put("/missing", "HTTP/1.1 404 Not Found\r\n\r\n");
        answers.put("/none", "220 mail.example.com\r\n\r\n");
        answers.put("/head", "HTTP/1.1 200 OK\r\nX: " + "x".repeat(70_000) + "\r\n\r\n");
        answers.put("/slow", ok("X-Slow: 1\r\nContent-Length: 9\r\n", ""));
        WebFiles files = files(100, Duration.ofSeconds(20));
        for (String path : List.of("/long", "/close", "/chunks")) {
            assertTrue(refusal(files, url(path)).contains("more than 100 bytes"), path);
        }
        assertTrue(refusal(files, url("/short")).contains("1 of 9 bytes"));
        assertTrue(refusal(files, url("/missing")).contains("status 404"));
        assertTrue(refusal(files, url("/none")).contains("no HTTP"));
        assertTrue(refusal(files, url("/head")).contains("too long a head"));
        assertTrue(refusal(files(100, Duration.ofMillis(200)), url("/slow")).contains("took more than"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"file:///etc/passwd", "ftp://example.com/x", "http:///x", "http://user:secret@example.com/",
        "http://exa mple.com", "gopher://example.com", "http://nowhere.example/"})
    void otherAddressesAreRefused(String address) {
        String message = refusal(files(100, Duration.ofSeconds(20)), address);
        assertTrue(message.startsWith(address + ": "), message);
        assertTrue(asked.isEmpty());
    }
}
