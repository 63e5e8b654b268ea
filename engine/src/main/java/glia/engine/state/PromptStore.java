package glia.engine.state;

import glia.io.FileErrors;
import glia.tensor.Memory;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;

/// KV caches of prompts in files, so that the next start of a program reads a long prompt instead of computing it. What
/// a [PrefixCache] holds for 64 tokens is a file, and recurrent states are others, of which those at the ends of the
/// last four chunks and at each 16,384 tokens are kept.
///
/// A file's name is a hash of the model's files, the options of computing, the cache key and all tokens up to its end.
/// It holds that hash and a checksum (CRC-32C) of all its bytes; a file that does not match is deleted and computed
/// again. Files get their names when they are complete, by an atomic rename, so programs may share the folder, and may
/// be killed at any time. Where the disk is full, nothing more is written until the program ends.
public final class PromptStore {
    /// Shorter prompts are computed about as fast as they are read.
    static final int LEAST_TOKENS = 256;
    private static final int BLOCK_TOKENS = BlockGroup.BLOCK_TOKENS;
    private static final long MAGIC = 0x3130_564b_4149_4c47L;
    private static final int HEADER_BYTES = 40;
    private static final int PIECE_BYTES = 64 << 20;
    private static final int BATCH = 32;
    /// Blocks between two states that are kept for good, and the newest ones that are kept besides.
    private static final int STATE_STEP = 256;
    private static final int NEWEST_STATES = 32;

    private final PromptFolder folders;
    private final List<Path> modelFiles;
    private final String model;
    private final Path folder;
    private final long limitBytes;
    /// Bytes of all files, also of other models; negative before the first file is written.
    private long sizeBytes = -1;
    /// Whether nothing more is written: the disk is full, or the files of this prompt take all that is allowed.
    private boolean isFull;
    private Optional<String> trouble = Optional.empty();

    /// @param modelFiles whose prompts they are
    /// @param fingerprint of the model and of all options on which KV caches depend
    /// @param limitBytes the most that the files of all models may take
    public PromptStore(PromptFolder folders, List<Path> modelFiles, String fingerprint, long limitBytes) {
        this.folders = folders;
        this.modelFiles = modelFiles;
        this.model = hash(fingerprint.getBytes(StandardCharsets.UTF_8));
        this.folder = folders.root().resolve(model.substring(0, 16));
        this.limitBytes = limitBytes;
    }

    /// Why prompts could not be written, if so.
    public Optional<String> trouble() {
        return trouble;
    }

    /// The name of a text without tokens.
    String root(Object key) {
        return hash((model + key).getBytes(StandardCharsets.UTF_8));
    }

    /// The name of a text that goes on with a whole block; null if it has no name, as texts with pictures.
    String name(String before, int[] block) {
        if (before == null || block.length < BLOCK_TOKENS || Arrays.stream(block).anyMatch(token -> token < 0)) {
            return null;
        }
        ByteBuffer content = ByteBuffer.allocate(32 + 4 * BLOCK_TOKENS);
        content.put(HexFormat.of().parseHex(before)).asIntBuffer().put(block);
        return hash(content.array());
    }

    private static String hash(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private Path file(String name) {
        return folder.resolve(name);
    }

    private static String stateName(String name) {
        return name + ".state";
    }

    /// Writes the blocks of a node, unless they are there.
    void save(PrefixNode node) {
        if (node.name == null || node.isSaved) {
            return;
        }
        node.isSaved = Arrays.stream(node.blocks).allMatch(b -> b == null) || save(node, node.name, node.blocks);
    }

    /// Writes the recurrent states of a node, unless they are there, and removes older ones that are not needed.
    void saveState(PrefixNode node) {
        if (node.name == null || node.state == null || !save(node, stateName(node.name), node.state)) {
            return;
        }
        PrefixNode old = node;
        for (int i = 0; i < NEWEST_STATES && !old.isRoot(); i++) {
            old = old.parent;
        }
        try {
            if (old.name != null && old.depth % STATE_STEP != 0) {
                Files.deleteIfExists(file(stateName(old.name)));
            }
        } catch (IOException e) {
            // It stays until it is evicted.
        }
    }

    private boolean save(PrefixNode node, String name, Block... blocks) {
        if (isFull || Files.exists(file(name))) {
            return !isFull;
        }
        Path unfinished = file(name + "-" + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp");
        try {
            folders.open(folder.getFileName().toString(), modelFiles);
            long bytes = HEADER_BYTES + 8L * blocks.length + 4;
            for (Block block : blocks) {
                bytes += block == null ? 0 : block.bytes;
            }
            if (!hasRoom(node, bytes)) {
                isFull = true;
                return false;
            }
            write(unfinished, name, blocks);
            Files.move(unfinished, file(name), StandardCopyOption.ATOMIC_MOVE);
            sizeBytes += bytes;
            return true;
        } catch (IOException e) {
            isFull = !(e instanceof ClosedByInterruptException);
            trouble = isFull ? Optional.of("the KV cache of the prompt cannot be kept in " + folder + ": "
                    + FileErrors.reason(e)) : trouble;
            return false;
        } finally {
            unfinished.toFile().delete();
        }
    }

    /// Deletes old files where a new one has no room.
    private boolean hasRoom(PrefixNode node, long bytes) throws IOException {
        if (sizeBytes < 0 || sizeBytes + bytes > limitBytes) {
            Set<String> needed = new HashSet<>();
            for (PrefixNode at = node; !at.isRoot(); at = at.parent) {
                needed.add(at.name);
                needed.add(stateName(at.name));
            }
            sizeBytes = folders.evict(Math.max(0, limitBytes - bytes), needed);
        }
        return sizeBytes + bytes <= limitBytes;
    }

    /// A file: magic number, name, for each part its size, all parts, CRC-32C of all before.
    private static void write(Path to, String name, Block... blocks) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(HEADER_BYTES + 8 * blocks.length).order(ByteOrder.LITTLE_ENDIAN);
        head.putLong(MAGIC).put(HexFormat.of().parseHex(name.substring(0, 64)));
        for (Block block : blocks) {
            head.putLong(block == null ? 0 : block.bytes);
        }
        CRC32C sum = new CRC32C();
        try (FileChannel channel = FileChannel.open(to, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            write(channel, head.flip(), sum);
            for (Block block : blocks) {
                for (long at = 0; block != null && at < block.bytes; at += PIECE_BYTES) {
                    write(channel, piece(block, at), sum);
                }
            }
            write(channel, ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt((int) sum.getValue()).flip(),
                    sum);
        }
    }

    private static ByteBuffer piece(Block block, long at) {
        return Memory.ALL.asSlice(block.address() + at, Math.min(PIECE_BYTES, block.bytes - at)).asByteBuffer();
    }

    private static void write(FileChannel channel, ByteBuffer piece, CRC32C sum) throws IOException {
        sum.update(piece.duplicate());
        while (piece.hasRemaining()) {
            channel.write(piece);
        }
    }

    /// Reads a file into blocks of the sizes that it must have; null for those that are not needed.
    ///
    /// @return false if there is no such file, it lacks one, or it is damaged or another's; then it is deleted
    private boolean read(String name, Block... blocks) {
        Path file = file(name);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            CRC32C sum = new CRC32C();
            ByteBuffer head = read(channel, ByteBuffer.allocate(HEADER_BYTES + 8 * blocks.length), sum)
                    .order(ByteOrder.LITTLE_ENDIAN);
            byte[] found = new byte[32];
            boolean isOurs = head.getLong() == MAGIC;
            head.get(found);
            isOurs &= name.startsWith(HexFormat.of().formatHex(found));
            for (int i = 0; isOurs && i < blocks.length; i++) {
                long bytes = head.getLong();
                if (bytes == 0 && blocks[i] != null) {
                    return false;
                }
                isOurs = bytes >= 0 && bytes <= channel.size() && (blocks[i] == null || bytes == blocks[i].bytes);
                for (long at = 0; isOurs && at < bytes; at += PIECE_BYTES) {
                    read(channel, blocks[i] != null ? piece(blocks[i], at)
                            : ByteBuffer.allocate((int) Math.min(PIECE_BYTES, bytes - at)), sum);
                }
            }
            int expected = (int) sum.getValue();
            if (isOurs && read(channel, ByteBuffer.allocate(4), sum).order(ByteOrder.LITTLE_ENDIAN).getInt() == expected
                    && channel.position() == channel.size()) {
                return true;
            }
        } catch (ClosedByInterruptException e) {
            return false;
        } catch (IOException e) {
            // Not there, or damaged.
        }
        file.toFile().delete();
        return false;
    }

    private static ByteBuffer read(FileChannel channel, ByteBuffer to, CRC32C sum) throws IOException {
        while (to.hasRemaining()) {
            if (channel.read(to) < 0) {
                throw new EOFException();
            }
        }
        sum.update(to.flip());
        return to.rewind();
    }

    /// What was read for the first `count` blocks of a text, each block with a reference.
    ///
    /// @param blocks by block and group; null where there was no need
    /// @param state the recurrent states at the end; null if there are none
    record Loaded(int count, Block[][] blocks, Block state) {
        void release(BlockPool pool) {
            for (Block[] some : blocks) {
                for (Block block : some) {
                    release(pool, block);
                }
            }
            release(pool, state);
        }

        private static void release(BlockPool pool, Block block) {
            if (block != null) {
                pool.release(block);
            }
        }
    }

    /// Reads the longest prefix of a text, of all but its last token, that is longer than `have` blocks.
    ///
    /// @return null if there is none
    Loaded load(StateLayout layout, BlockPool pool, Object key, int[] tokens, int have) {
        int most = (tokens.length - 1) / BLOCK_TOKENS;
        if (tokens.length < LEAST_TOKENS || most <= have || !Files.isDirectory(folder)) {
            return null;
        }
        isFull = trouble.isPresent();
        String[] names = new String[most + 1];
        names[0] = root(key);
        for (int i = 1; i <= most; i++) {
            names[i] = name(names[i - 1], Arrays.copyOfRange(tokens, (i - 1) * BLOCK_TOKENS, i * BLOCK_TOKENS));
        }
        boolean[] isThere = new boolean[most + 1];
        int known = -1;
        for (int count = most; count > have; count--) {
            for (int i = 1; known != most && i <= most; i++) {
                isThere[i] = names[i] != null && Files.exists(file(names[i]));
            }
            known = most;
            if (!canRead(layout, names, isThere, have, count)) {
                continue;
            }
            try {
                Loaded loaded = load(layout, pool, names, have, count);
                if (loaded != null) {
                    return loaded;
                }
                // A file was damaged or lacks a block that had left the span.
                known = -1;
            } catch (StateMemoryException e) {
                return null;
            }
        }
        return null;
    }

    /// Whether there are files of all that is needed to continue after `count` blocks.
    private boolean canRead(StateLayout layout, String[] names, boolean[] isThere, int have, int count) {
        int first = count + 1;
        for (BlockGroup group : layout.groups()) {
            first = Math.min(first, count - group.neededBlocks(count * BLOCK_TOKENS) + 1);
        }
        for (int i = Math.max(first, have + 1); i <= count; i++) {
            if (!isThere[i]) {
                return false;
            }
        }
        return names[count] != null && (!layout.isRecurrent() || Files.exists(file(stateName(names[count]))));
    }

    private Loaded load(StateLayout layout, BlockPool pool, String[] names, int have, int count) {
        List<BlockGroup> groups = layout.groups();
        Block[][] blocks = new Block[count][groups.size()];
        Block state = null;
        boolean isWhole = false;
        try {
            List<Integer> batch = new ArrayList<>();
            for (int i = have; i < count; i++) {
                for (int group = 0; group < groups.size(); group++) {
                    if (i >= count - groups.get(group).neededBlocks(count * BLOCK_TOKENS)) {
                        blocks[i][group] = pool.take(groups.get(group).blockBytes());
                    }
                }
                if (Arrays.stream(blocks[i]).anyMatch(b -> b != null)) {
                    batch.add(i);
                }
                if (batch.size() == BATCH || i + 1 == count) {
                    // Blocks that are being read may not move.
                    if (!batch.parallelStream().map(at -> read(names[at + 1], blocks[at])).reduce(true,
                            Boolean::logicalAnd)) {
                        return null;
                    }
                    batch.forEach(at -> Arrays.stream(blocks[at]).filter(b -> b != null).forEach(pool::setFull));
                    batch.clear();
                }
            }
            if (layout.isRecurrent()) {
                state = pool.take(layout.stateBytes());
                if (!read(stateName(names[count]), state)) {
                    return null;
                }
            }
            isWhole = true;
            IntStream.rangeClosed(1, count).forEach(i -> touch(names[i], i));
            return new Loaded(count, blocks, state);
        } finally {
            if (!isWhole) {
                new Loaded(count, blocks, state).release(pool);
            }
        }
    }

    /// Marks a file as used, later ones of a prompt as used earlier: they are evicted first.
    private void touch(String name, int depth) {
        try {
            Files.setLastModifiedTime(file(name), FileTime.fromMillis(System.currentTimeMillis() - depth));
        } catch (IOException | UncheckedIOException e) {
            // Evicted or not there: it counts as less recently used.
        }
    }
}
