package glia.io.web;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/// Fetches files of `http` and `https` addresses that come from requests and prompts. Only addresses of the public
/// internet are connected to: a name is resolved once, all of its addresses are checked, and the connection goes to one
/// that was checked, so that a name server cannot give another one in between (DNS rebinding). Redirects are followed
/// by the same rules. Bytes and time are limited. No proxy and no cookies are used.
public final class WebFiles {
    private static final int MOST_REDIRECTS = 5;
    private static final int MOST_HEADER_BYTES = 64 << 10;
    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;

    private final Resolver resolver;
    private final Predicate<InetAddress> isAllowed;
    private final long mostBytes;
    private final Duration longest;

    /// Finds the addresses of a name.
    @FunctionalInterface
    public interface Resolver {
        /// All addresses of a host.
        InetAddress[] of(String host) throws UnknownHostException;
    }

    /// @param mostBytes of a file
    /// @param longest time of a file, redirects included
    public WebFiles(long mostBytes, Duration longest) {
        this(InetAddress::getAllByName, WebFiles::isPublic, mostBytes, longest);
    }

    /// @param isAllowed whether an address may be connected to
    public WebFiles(Resolver resolver, Predicate<InetAddress> isAllowed, long mostBytes, Duration longest) {
        this.resolver = resolver;
        this.isAllowed = isAllowed;
        this.mostBytes = mostBytes;
        this.longest = longest;
    }

    /// Files of 32 MiB in 30 seconds.
    public static WebFiles defaults() {
        return new WebFiles(32 << 20, Duration.ofSeconds(30));
    }

    /// Whether a text is an address that [#get] may fetch.
    public static boolean isAddress(String text) {
        return text.regionMatches(true, 0, "http://", 0, 7) || text.regionMatches(true, 0, "https://", 0, 8);
    }

    /// Whether an address belongs to the public internet: not to a private, local, reserved or documentation network,
    /// nor to one that leads to IPv4 addresses (RFC 6890).
    public static boolean isPublic(InetAddress address) {
        byte[] b = address.getAddress();
        int first = b[0] & 0xff;
        int second = b[1] & 0xff;
        if (address instanceof Inet4Address) {
            int third = b[2] & 0xff;
            return switch (first) {
                case 0, 10, 127 -> false;
                case 100 -> second < 64 || second > 127;
                case 169 -> second != 254;
                case 172 -> second < 16 || second > 31;
                case 192 -> second != 168 && !(second == 0 && (third == 0 || third == 2))
                        && !(second == 88 && third == 99);
                case 198 -> second != 18 && second != 19 && !(second == 51 && third == 100);
                case 203 -> !(second == 0 && third == 113);
                default -> first < 224;
            };
        }
        boolean isGlobal = (first & 0xe0) == 0x20;
        boolean isSpecial = first == 0x20 && second == 0x01 && ((b[2] & 0xff) < 2 || b[2] == 0x0d && (b[3] & 0xff)
                == 0xb8);
        boolean isTunnel = first == 0x20 && second == 0x02;
        boolean isOfDocuments = first == 0x3f && second == 0xff && (b[2] & 0xf0) == 0;
        return isGlobal && !isSpecial && !isTunnel && !isOfDocuments;
    }

    /// The bytes of a file.
    ///
    /// @throws IOException if the address is no such or not allowed, or the file cannot be fetched within the limits;
    ///     the message says why and names the address
    public byte[] get(String address) throws IOException {
        long end = System.nanoTime() + longest.toNanos();
        String at = address;
        try {
            for (int i = 0; i <= MOST_REDIRECTS; i++) {
                Response response = once(uri(at), end);
                if (response.redirect == null) {
                    return response.body;
                }
                at = uri(at).resolve(response.redirect).toString();
            }
            throw new IOException("more than " + MOST_REDIRECTS + " redirects");
        } catch (SocketTimeoutException e) {
            throw new IOException(address + ": took more than " + longest.toSeconds() + " s", e);
        } catch (IOException | IllegalArgumentException e) {
            throw new IOException(address + ": " + (e instanceof UnknownHostException ? "there is no host "
                    + e.getMessage() : e.getMessage()) + (at.equals(address) ? "" : " (after a redirect to " + at
                    + ")"), e);
        }
    }

    /// @param redirect the address in its place, or null
    private record Response(byte[] body, String redirect) { }

    private static URI uri(String address) throws IOException {
        URI uri = URI.create(address.strip());
        String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
        if (!scheme.equals("http") && !scheme.equals("https") || uri.getHost() == null) {
            throw new IOException("is no http or https address of a host");
        }
        if (uri.getRawUserInfo() != null) {
            throw new IOException("holds a user name or a password, which is not sent");
        }
        return uri;
    }

    private Response once(URI uri, long end) throws IOException {
        boolean isSecure = uri.getScheme().equalsIgnoreCase("https");
        int port = uri.getPort() > 0 ? uri.getPort() : isSecure ? HTTPS_PORT : HTTP_PORT;
        String host = uri.getHost().startsWith("[") ? uri.getHost().substring(1, uri.getHost().length() - 1)
                : uri.getHost();
        try (Socket plain = new Socket()) {
            plain.connect(new InetSocketAddress(checked(host, end), port), remaining(end));
            plain.setSoTimeout(remaining(end));
            try (Socket socket = isSecure ? secured(plain, host, port) : plain) {
                String path = (uri.getRawPath().isEmpty() ? "/" : uri.getRawPath())
                        + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
                socket.getOutputStream().write(("GET " + path + " HTTP/1.1\r\nHost: " + uri.getHost()
                        + (uri.getPort() > 0 ? ":" + uri.getPort() : "") + "\r\nUser-Agent: glia\r\nAccept: */*\r\n"
                        + "Accept-Encoding: identity\r\nConnection: close\r\n\r\n")
                        .getBytes(StandardCharsets.ISO_8859_1));
                socket.getOutputStream().flush();
                return response(new TimedInput(socket, end));
            }
        }
    }

    private static Socket secured(Socket plain, String host, int port) throws IOException {
        SSLSocket socket = (SSLSocket) ((SSLSocketFactory) SSLSocketFactory.getDefault()).createSocket(plain, host,
                port, true);
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    /// An address of a host, all of which are allowed.
    private InetAddress checked(String host, long end) throws IOException {
        FutureTask<InetAddress[]> lookup = new FutureTask<>(() -> resolver.of(host));
        Thread.ofVirtual().start(lookup);
        InetAddress[] all;
        try {
            all = lookup.get(remaining(end), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new SocketTimeoutException("the name of the host is not found in time");
        } catch (ExecutionException e) {
            throw new UnknownHostException(host);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        for (InetAddress address : all) {
            if (!isAllowed.test(address)) {
                throw new IOException("leads to " + address.getHostAddress() + ", which is not of the public internet; "
                        + "such addresses are never fetched");
            }
        }
        return all[0];
    }

    private static int remaining(long end) throws SocketTimeoutException {
        long millis = (end - System.nanoTime()) / 1_000_000;
        if (millis <= 0) {
            throw new SocketTimeoutException("out of time");
        }
        return (int) Math.min(millis, Integer.MAX_VALUE);
    }

    private Response response(InputStream in) throws IOException {
        String[] status = line(in, new int[1]).split(" ", 3);
        int code = status.length > 1 && status[0].startsWith("HTTP/1.") && status[1].matches("\\d{3}")
                ? Integer.parseInt(status[1]) : 0;
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        int[] read = new int[1];
        for (String line = line(in, read); !line.isEmpty(); line = line(in, read)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                headers.put(line.substring(0, colon).strip(), line.substring(colon + 1).strip());
            }
        }
        if (code >= 300 && code < 400 && headers.containsKey("Location")) {
            return new Response(null, headers.get("Location"));
        }
        if (code != 200) {
            throw new IOException("the server answered " + (code == 0 ? "no HTTP" : "with status " + code));
        }
        if ("chunked".equalsIgnoreCase(headers.get("Transfer-Encoding"))) {
            return new Response(chunks(in), null);
        }
        String length = headers.get("Content-Length");
        if (length == null) {
            return new Response(body(in, Long.MAX_VALUE), null);
        }
        long count = length.matches("\\d{1,18}") ? Long.parseLong(length) : -1;
        byte[] body = body(in, count);
        if (count < 0 || body.length < count) {
            throw new EOFException("the server sent " + body.length + " of " + length + " bytes");
        }
        return new Response(body, null);
    }

    private byte[] body(InputStream in, long count) throws IOException {
        if (count != Long.MAX_VALUE && count > mostBytes) {
            throw tooLarge();
        }
        byte[] body = in.readNBytes((int) Math.min(Math.max(0, count), mostBytes + 1));
        if (body.length > mostBytes) {
            throw tooLarge();
        }
        return body;
    }

    private IOException tooLarge() {
        return new IOException("has more than " + mostBytes + " bytes");
    }

    private byte[] chunks(InputStream in) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (true) {
            String size = line(in, new int[1]).replaceFirst(";.*", "").strip();
            if (!size.matches("[0-9a-fA-F]{1,8}")) {
                throw new IOException("the server sent no HTTP");
            }
            long count = Long.parseLong(size, 16);
            if (count == 0) {
                return all.toByteArray();
            }
            if (all.size() + count > mostBytes) {
                throw tooLarge();
            }
            byte[] chunk = in.readNBytes((int) count);
            if (chunk.length < count) {
                throw new EOFException("the server ended the file early");
            }
            all.write(chunk);
            line(in, new int[1]);
        }
    }

    /// A line of the head.
    ///
    /// @param read the bytes of the head so far
    private static String line(InputStream in, int[] read) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0 || ++read[0] > MOST_HEADER_BYTES) {
                throw new IOException(c < 0 ? "the server ended the answer early" : "the server sent too long a head");
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    /// A stream whose reads together end in time, however slowly bytes come.
    private static final class TimedInput extends InputStream {
        private final Socket socket;
        private final InputStream in;
        private final long end;

        TimedInput(Socket socket, long end) throws IOException {
            this.socket = socket;
            this.in = new BufferedInputStream(socket.getInputStream(), 8192);
            this.end = end;
        }

        @Override
        public int read() throws IOException {
            socket.setSoTimeout(remaining(end));
            return in.read();
        }

        @Override
        public int read(byte[] bytes, int from, int count) throws IOException {
            socket.setSoTimeout(remaining(end));
            return in.read(bytes, from, count);
        }
    }
}
