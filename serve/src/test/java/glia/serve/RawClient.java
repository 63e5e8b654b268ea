package glia.serve;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;

/// A client that sends whatever bytes it is given.
public final class RawClient implements AutoCloseable {
    private static final int LONGEST_WAIT_MILLIS = 60_000;

    private final Socket socket;
    private final InputStream in;

    /// Connects to a server on this machine.
    public RawClient(int port) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(LONGEST_WAIT_MILLIS);
        in = new BufferedInputStream(socket.getInputStream());
    }

    /// The text of a POST.
    public static String post(String path, String body) {
        return post(path, body, body.getBytes(StandardCharsets.UTF_8).length);
    }

    /// The text of a POST with another length than that of the body.
    public static String post(String path, String body, long length) {
        return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + length + "\r\n\r\n" + body;
    }

    /// Sends text as ISO 8859-1.
    public RawClient send(String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
        return this;
    }

    /// Reads up to the end of a text, or of the connection.
    public String readTo(String end) throws IOException {
        StringBuilder text = new StringBuilder();
        while (text.indexOf(end, Math.max(0, text.length() - end.length())) < 0) {
            int next = in.read();
            if (next < 0) {
                break;
            }
            text.append((char) next);
        }
        return text.toString();
    }

    /// Reads to the end of the connection; a connection that was reset has ended.
    public String readAll() {
        StringBuilder text = new StringBuilder();
        try {
                for (int next = in.read(); next >= 0; next = in.read()) {
                text.append((char) next);
            }
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the server keeps the connection; it sent: " + text, e);
        } catch (IOException e) {
            // The end.
        }
        return text.toString();
    }

    /// Takes a small buffer for what is received.
    public RawClient receiveSlowly() throws IOException {
        socket.setReceiveBufferSize(1024);
        return this;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
