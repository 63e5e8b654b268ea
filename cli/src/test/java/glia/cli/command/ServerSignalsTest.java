package glia.cli.command;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/// Signals to a server that is a process without a terminal, as a service.
@EnabledOnOs(OS.LINUX)
class ServerSignalsTest {
    private static final int HANGUP_BIT = 1;
    private static final Pattern ADDRESS = Pattern.compile(" at http://127\\.0\\.0\\.1:(\\d+)");

    /// A process that starts others with SIGHUP ignored, such as `nohup`, keeps them from its default.
    private static boolean isHangupIgnored() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith("SigIgn:"))
                .anyMatch(line -> (Long.parseUnsignedLong(line.substring(7).strip(), 16) & HANGUP_BIT) != 0);
    }

    private static Process start() throws IOException {
        return new ProcessBuilder("setsid", Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1", "-Xlog:disable", "-cp", System.getProperty("java.class.path"),
                "glia.cli.Main", "serve", "reasoner", "--port", "0", "--drain-timeout", "3600")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    }

    private static String lineWith(BufferedReader lines, String part) throws IOException {
        StringBuilder seen = new StringBuilder();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            seen.append(line).append('\n');
            if (line.contains(part)) {
                return line;
            }
        }
        throw new AssertionError("no line with '" + part + "' in:\n" + seen);
    }

    private static void send(Process process, String signal) throws Exception {
        assertEquals(0, new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start().waitFor());
    }

    private static String statusOf(int port, String path) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(US_ASCII));
            return new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII)).readLine();
        }
    }

    @Test
    void theFirstSignalDrainsAndTheSecondEnds() throws Exception {
        assumeTrue(!isHangupIgnored(), "SIGHUP is ignored");
        Process process = start();
        try (BufferedReader lines = process.errorReader()) {
            Matcher address = ADDRESS.matcher(lineWith(lines, " at http://"));
            assertTrue(address.find());
            int port = Integer.parseInt(address.group(1));
            send(process, "HUP");
            assertNotNull(lineWith(lines, "SIGHUP changes nothing"));
            assertEquals("HTTP/1.1 200 OK", statusOf(port, "/v1/models"));
            awaitRequests(port, 0);
            // A request whose body does not come runs until its time limit.
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.getOutputStream().write(("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\n"
                        + "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{").getBytes(US_ASCII));
                awaitRequests(port, 1);
                send(process, "TERM");
                assertTrue(lineWith(lines, "stopping").contains("requests that run: 1"));
                // SIGTERM alone would end it with 143, when the request has ended.
                send(process, "HUP");
                assertTrue(process.waitFor(50, TimeUnit.SECONDS));
                assertEquals(129, process.exitValue());
            }
        } finally {
            process.destroyForcibly();
        }
    }

    /// Waits until as many requests run; that for the metrics is none of them.
    private static void awaitRequests(int port, int count) throws Exception {
        Pattern line = Pattern.compile("^glia_requests " + count + "(\\.0)?$", Pattern.MULTILINE);
        while (!line.matcher(metrics(port)).find()) {
            Thread.sleep(20);
        }
    }

    private static String metrics(int port) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.getOutputStream().write("GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n".getBytes(US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), US_ASCII);
        }
    }
}
