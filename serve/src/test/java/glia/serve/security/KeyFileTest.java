package glia.serve.security;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFileTest {
    @TempDir
    private Path folder;

    @Test
    void theFileHasSaltedHashesAndNoKey() throws Exception {
        Path file = folder.resolve("keys");
        String alice = KeyFile.add(file, "alice");
        String bob = KeyFile.add(file, "bob");
        String text = Files.readString(file);
        assertFalse(text.contains(alice) || text.contains(alice.substring(5, 20)), text);
        // The hash as another program computes it: SHA-256 of the salt's bytes and the key.
        String[] words = text.lines().filter(line -> line.startsWith("alice ")).findFirst().orElseThrow().split(" ");
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(HexFormat.of().parseHex(words[2]));
        assertEquals(words[3], HexFormat.of().formatHex(digest.digest(alice.getBytes())));
        assertEquals(Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE),
                Files.getPosixFilePermissions(file));
        KeyFile keys = KeyFile.open(file, _ -> { });
        assertEquals(Optional.of("alice"), keys.holder(alice));
        assertEquals(Optional.of("bob"), keys.holder(bob));
        for (String wrong : List.of("", "alice", alice + "x", alice.substring(1), bob.toLowerCase(), "\0", words[3])) {
            assertEquals(Optional.empty(), keys.holder(wrong));
        }
    }

    @Test
    void changesAtOnceLoseNothing() throws Exception {
        Path file = folder.resolve("keys");
        KeyFile.add(file, "old");
        List<Future<String>> added = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
            Future<?> removed = threads.submit(() -> {
                KeyFile.remove(file, "old");
                return null;
            });
            for (int i = 0; i < 24; i++) {
                String name = "key" + i;
                added.add(threads.submit(() -> KeyFile.add(file, name)));
            }
            removed.get();
            for (int i = 0; i < added.size(); i++) {
                assertTrue(added.get(i).get().startsWith("glia-"));
            }
        }
        KeyFile keys = KeyFile.open(file, _ -> { });
        for (int i = 0; i < added.size(); i++) {
            assertEquals(Optional.of("key" + i), keys.holder(added.get(i).get()));
        }
        assertEquals(added.size(), KeyFile.list(file).size());
        try (Stream<Path> left = Files.list(folder)) {
            assertEquals(List.of(file), left.toList());
        }
    }

    /// Such as after a crash.
    @Test
    void aChangeThatDoesNotEndIsNamed() throws Exception {
        Path file = folder.resolve("keys");
        KeyFile.add(file, "old");
        Path next = Files.createFile(folder.resolve("keys.new"));
        Thread.currentThread().interrupt();
        IOException e = assertThrows(IOException.class, () -> KeyFile.add(file, "alice"));
        assertTrue(Thread.interrupted());
        assertTrue(e.getMessage().contains(next + ": another command is changing the keys"), e.getMessage());
        assertTrue(Files.exists(next));
        assertEquals(1, KeyFile.list(file).size());
    }

    @Test
    void keysHave256RandomBits() throws Exception {
        Set<String> all = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            String key = KeyFile.add(folder.resolve("keys"), "k" + i);
            assertTrue(key.matches("glia-[A-Za-z0-9_-]{43}"), key);
            all.add(key);
        }
        assertEquals(20, all.size());
    }

    @Test
    void aChangedFileIsReadAndADamagedOneChangesNothing() throws Exception {
        Path file = folder.resolve("keys");
        String alice = KeyFile.add(file, "alice");
        List<String> log = new ArrayList<>();
        KeyFile keys = KeyFile.open(file, log::add);
        String bob = KeyFile.add(file, "bob");
        assertEquals(Optional.of("bob"), keys.holder(bob));
        KeyFile.remove(file, "alice");
        assertEquals(Optional.empty(), keys.holder(alice));
        Files.writeString(file, "carol my-secret-key\n");
        assertEquals(Optional.of("bob"), keys.holder(bob));
        assertTrue(log.getLast().contains("line 1"), log.toString());
        assertFalse(log.toString().contains("my-secret-key"), log.toString());
        Files.delete(file);
        assertEquals(Optional.of("bob"), keys.holder(bob));
        // An empty file takes all keys back.
        Files.writeString(file, "");
        assertEquals(Optional.empty(), keys.holder(bob));
    }

    /// As where another user makes the file, and then gives it to the server: its time and size stay the same.
    @Test
    void aFileThatCouldNotBeReadIsTriedAgain() throws Exception {
        Path file = folder.resolve("keys");
        String alice = KeyFile.add(file, "alice");
        KeyFile.add(file, "bob");
        List<String> log = new ArrayList<>();
        KeyFile keys = KeyFile.open(file, log::add);
        List<String> lines = new ArrayList<>(Files.readAllLines(file));
        lines.removeIf(line -> line.startsWith("alice "));
        FileTime time = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));
        Files.write(file, lines.stream().map(line -> line.replaceAll(".", "x")).toList());
        Files.setLastModifiedTime(file, time);
        assertEquals(Optional.of("alice"), keys.holder(alice));
        assertEquals(Optional.of("alice"), keys.holder(alice));
        assertEquals(1, log.size(), log.toString());
        try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap((String.join("\n", lines) + "\n").getBytes()));
        }
        Files.setLastModifiedTime(file, time);
        assertEquals(Optional.empty(), keys.holder(alice), "a key that was taken back");
    }

    @Test
    void aByteOrderMarkAndLineEndsOfWindowsAreNoPartOfKeys() throws Exception {
        Path file = folder.resolve("keys");
        String alice = KeyFile.add(file, "alice");
        String text = Files.readString(file).replace("\n", "\r\n");
        String withoutHeading = text.substring(text.indexOf("alice "));
        for (String edited : List.of("\ufeff" + text, "\ufeff" + withoutHeading, text.strip())) {
            Files.writeString(file, edited);
            assertEquals(Optional.of("alice"), KeyFile.open(file, _ -> { }).holder(alice), edited);
        }
        Files.write(file, text.getBytes(StandardCharsets.UTF_16));
        var e = assertThrows(IOException.class, () -> KeyFile.list(file));
        assertTrue(e.getMessage().contains("UTF-8"), e.getMessage());
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aChangedFileKeepsItsOwnerItsPermissionsAndItsLink() throws Exception {
        Path file = folder.resolve("keys");
        KeyFile.add(file, "alice");
        Path link = Files.createSymbolicLink(folder.resolve("link"), file);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        boolean isRoot = (int) Files.getAttribute(file, "unix:uid") == 0;
        if (isRoot) {
            Files.setAttribute(file, "unix:uid", 12_345);
            Files.setAttribute(file, "unix:gid", 12_346);
        }
        KeyFile.add(link, "bob");
        assertTrue(Files.isSymbolicLink(link));
        assertEquals(List.of("alice", "bob"), KeyFile.list(file).stream().map(ApiKey::name).toList());
        assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        if (isRoot) {
            assertEquals(12_345, Files.getAttribute(file, "unix:uid"));
            assertEquals(12_346, Files.getAttribute(file, "unix:gid"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"alice", "alice 2026-01-01 00 00", "alice 2026-13-01 " + SALT + " " + SALT + SALT,
        "al/ice 2026-01-01 " + SALT + " " + SALT + SALT, "alice 2026-01-01 " + SALT + " " + SALT,
        "alice 2026-01-01 zz" + SALT + " " + SALT + SALT})
    void wrongLinesAreNamedByTheirNumber(String line) throws Exception {
        Path file = Files.writeString(folder.resolve("keys"), "# keys\n\n" + line + "\n");
        assertTrue(assertThrows(IOException.class, () -> KeyFile.list(file)).getMessage().contains("line 3"));
    }

    private static final String SALT = "000102030405060708090a0b0c0d0e0f";

    @Test
    void namesAreShortWordsAndUnique() throws Exception {
        Path file = folder.resolve("keys");
        KeyFile.add(file, "alice");
        for (String name : List.of("alice", "", "a b", "a\nb", "ä", "x".repeat(65))) {
            assertThrows(IllegalArgumentException.class, () -> KeyFile.add(file, name));
        }
        assertThrows(IllegalArgumentException.class, () -> KeyFile.remove(file, "bob"));
        assertThrows(IOException.class, () -> KeyFile.open(folder.resolve("none"), _ -> { }));
        KeyFile.remove(file, "alice");
        assertThrows(IOException.class, () -> KeyFile.open(file, _ -> { }));
    }
}
