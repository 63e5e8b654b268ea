package glia.cli.command;

import glia.cli.terminal.Units;
import glia.io.hub.HubSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The servers of this user that run: each writes a file with its process number into a folder of Glia's cache and
/// deletes it at its end. Files of processes that ended otherwise are deleted when the list is read.
record RunningServers(Path folder) {
    private static final String ENDING = ".json";
    /// Clocks of processes and of files differ by less.
    private static final Duration CLOCKS = Duration.ofSeconds(2);

    /// Those of the cache of the environment.
    static RunningServers ofThisUser() {
        return new RunningServers(HubSettings.gliaCacheFolder().resolve("servers"));
    }

    /// A server.
    ///
    /// @param file its file
    /// @param process its process
    /// @param address where it listens, such as `http://127.0.0.1:8080`
    /// @param models the names of its models
    record Running(Path file, ProcessHandle process, String address, List<String> models) {
        /// How long it has run.
        Optional<Duration> age() {
            return process.info().startInstant().map(start -> Duration.between(start, Instant.now()));
        }

        /// The memory that it has now, in bytes; empty where the system does not say.
        OptionalLong memoryBytes() {
            try {
                for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
                    if (line.startsWith("VmRSS:")) {
                        return OptionalLong.of(Long.parseLong(line.replaceAll("\\D", "")) << 10);
                    }
                }
            } catch (IOException | NumberFormatException e) {
                return OptionalLong.empty();
            }
            return OptionalLong.empty();
        }

        /// Whether a word of a command line names it: its process, its port, its address or one of its models.
        boolean isNamed(String word) {
            return word.equals(Long.toString(process.pid())) || address.endsWith(":" + word)
                    || address.equals(word.replaceFirst("/$", "")) || address.equals("http://" + word)
                    || models.contains(word);
        }

        @Override
        public String toString() {
            return "process " + process.pid() + " at " + address + " (" + String.join(", ", models) + ")";
        }
    }

    /// The file of this process's server.
    record Entry(Path file) implements AutoCloseable {
        @Override
        public void close() {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                // The list skips files of processes that have ended.
            }
        }
    }

    /// Adds the server of this process, until the entry is closed or the process ends. A folder that cannot be written
    /// is no reason not to serve.
    Entry add(String host, int port, List<String> models) {
        ProcessHandle self = ProcessHandle.current();
        Entry entry = new Entry(folder.resolve(self.pid() + ENDING));
        try {
            Files.createDirectories(folder);
            Files.writeString(entry.file(), JsonMapper.shared().writeValueAsString(Map.of("pid", self.pid(), "started",
                    started(self), "address", "http://" + host + ":" + port, "models", models)) + "\n");
            Runtime.getRuntime().addShutdownHook(new Thread(entry::close, "glia-servers"));
        } catch (IOException e) {
            return entry;
        }
        return entry;
    }

    private static long started(ProcessHandle process) {
        return process.info().startInstant().map(Instant::toEpochMilli).orElse(0L);
    }

    /// The servers that run, by their process numbers.
    List<Running> list() throws IOException {
        List<Running> all = new ArrayList<>();
        if (!Files.isDirectory(folder)) {
            return all;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(ENDING)).sorted().toList()) {
                Optional<Running> running = read(file);
                if (running.isPresent()) {
                    all.add(running.get());
                } else {
                    Files.deleteIfExists(file);
                }
            }
        }
        return all;
    }

    /// The server of a file; empty if its process has ended, also where another process has its number now.
    private static Optional<Running> read(Path file) throws IOException {
        try {
            JsonNode json = JsonMapper.shared().readTree(Files.readString(file));
            List<String> models = json.path("models").valueStream().map(JsonNode::asString).toList();
            return ProcessHandle.of(json.path("pid").asLong()).filter(ProcessHandle::isAlive)
                    .filter(process -> Math.abs(started(process) - json.path("started").asLong()) <= CLOCKS.toMillis())
                    .map(process -> new Running(file, process, json.path("address").asString(), models));
        } catch (JacksonException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /// How long a server has run, in the largest unit.
    static String shown(Duration age) {
        return age.toDays() > 0 ? Units.counted(age.toDays(), "day") : age.toHours() > 0
                ? Units.counted(age.toHours(), "hour") : age.toMinutes() > 0
                ? Units.counted(age.toMinutes(), "minute") : Units.counted(Math.max(0, age.toSeconds()), "second");
    }
}
