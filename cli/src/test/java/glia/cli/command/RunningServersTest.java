package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.cli.TestConsole;
import glia.cli.args.Arguments;
import glia.cli.args.Program;
import glia.cli.args.Syntax;
import glia.cli.args.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunningServersTest {
    @TempDir Path folder;
    private final TestConsole console = new TestConsole("");

    private Arguments parsed(Command command, String... words) {
        return new Program(new Syntax("glia", "All", List.of(), List.of()), List.of(command.syntax()), Map.of(),
                () -> "1").parse(List.of(words), console.console()).orElseThrow().arguments();
    }

    @Test
    void aServerIsListedUntilItEnds() throws Exception {
        RunningServers servers = new RunningServers(folder.resolve("servers"));
        PsCommand ps = new PsCommand(servers);
        ps.run(parsed(ps, "ps"), console.console());
        assertEquals("No server runs. glia serve starts one.\n", console.out());
        try (RunningServers.Entry entry = servers.add("127.0.0.1", 4711, List.of("a", "b"))) {
            // Of a process that has ended, and whose number another one has.
            Files.writeString(folder.resolve("servers/1.json"), "{\"pid\":1,\"started\":5,\"models\":[]}");
            assertEquals(1, servers.list().size());
            assertFalse(Files.exists(folder.resolve("servers/1.json")));
            ps.run(parsed(ps, "ps", "--json"), console.console());
            assertTrue(console.out().contains("\"address\":\"http://127.0.0.1:4711\",\"models\":[\"a\",\"b\"]"),
                    console.out());
            for (String name : List.of("4711", "http://127.0.0.1:4711/", "b",
                    Long.toString(ProcessHandle.current().pid()))) {
                assertTrue(servers.list().getFirst().isNamed(name), name);
            }
            assertTrue(Files.exists(entry.file()));
        }
        assertTrue(servers.list().isEmpty());
    }

    @Test
    void aServerIsStoppedByItsName() throws Exception {
        assumeTrue(Files.exists(Path.of("/bin/sleep")), "there is no sleep here");
        RunningServers servers = new RunningServers(folder);
        StopCommand stop = new StopCommand(servers);
        assertTrue(assertThrows(IOException.class, () -> stop.run(parsed(stop, "stop"), console.console()))
                .getMessage().contains("no server runs"));
        Process first = server("9001");
        Process second = server("9002");
        try {
            assertThrows(UsageException.class, () -> stop.run(parsed(stop, "stop"), console.console()));
            assertTrue(assertThrows(IOException.class, () -> stop.run(parsed(stop, "stop", "9"), console.console()))
                    .getMessage().contains("no server is called '9'; found process "));
            stop.run(parsed(stop, "stop", "9002"), console.console());
            assertFalse(second.isAlive());
            assertTrue(first.isAlive());
            stop.run(parsed(stop, "stop", "--all"), console.console());
            assertFalse(first.isAlive());
            assertTrue(console.out().contains(" at http://127.0.0.1:9001 (m)\n"), console.out());
        } finally {
            first.destroyForcibly();
            second.destroyForcibly();
        }
    }

    private Process server(String port) throws IOException {
        Process process = new ProcessBuilder("/bin/sleep", "600").start();
        Files.writeString(folder.resolve(process.pid() + ".json"), "{\"pid\":" + process.pid() + ",\"started\":"
                + process.info().startInstant().orElseThrow().toEpochMilli() + ",\"address\":\"http://127.0.0.1:"
                + port + "\",\"models\":[\"m\"]}");
        return process;
    }
}
