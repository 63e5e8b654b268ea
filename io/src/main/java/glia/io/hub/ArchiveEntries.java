package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/// The files of a zip or wheel, read with distrust: names are checked, declared sizes must be plausible before anything
/// is written and true while it is, and check sums must hold.
///
/// @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">the format</a>
final class ArchiveEntries implements AutoCloseable {
    private static final int MAX_ENTRIES = 200_000;
    /// Weights hardly compress; deflate reaches 1032 on nothing but zeros.
    private static final long MAX_RATIO = 200;
    private static final long SMALL_BYTES = 64 << 20;

    private final Path archive;
    private final ZipFile zip;
    private final Map<String, ZipEntry> entries = new LinkedHashMap<>();

    /// @throws HubException (CORRUPT) if it is no zip or contradicts itself, (REFUSED) if a name could leave its folder
    ArchiveEntries(Path archive) throws HubException {
        this.archive = archive;
        try {
            zip = new ZipFile(archive.toFile());
        } catch (ZipException e) {
            throw corrupt("is not a whole zip archive (" + e.getMessage() + ")", e);
        } catch (IOException e) {
            throw Disk.trouble(e, archive, 0);
        }
        try {
            readNames();
        } catch (HubException e) {
            close();
            throw e;
        }
    }

    private void readNames() throws HubException {
        if (zip.size() > MAX_ENTRIES) {
            throw new HubException(Kind.REFUSED, archive + " lists " + zip.size() + " files; at most " + MAX_ENTRIES
                + " are read. Take the model out by hand and give its path.");
        }
        for (ZipEntry entry : (Iterable<ZipEntry>) () -> zip.stream().<ZipEntry>map(e -> e).iterator()) {
            String name = FileNames.check(entry.getName().replaceFirst("/$", ""), archive.toString());
            if (!entry.isDirectory() && entries.put(name, entry) != null) {
                throw corrupt("holds \"" + name + "\" twice", null);
            }
        }
    }

    List<String> names() {
        return List.copyOf(entries.keySet());
    }

    /// Checks what the archive says of the sizes of some files, before any is taken out to `target`.
    ///
    /// @return all their bytes
    long requirePlausible(List<String> names, Path target) throws HubException {
        long packedBytes = 0;
        long bytes = 0;
        for (String name : names) {
            ZipEntry entry = entries.get(name);
            if (entry.getSize() < 0 || entry.getCompressedSize() < 0) {
                throw corrupt("does not say how large \"" + name + "\" is", null);
            }
            if (entry.getSize() > SMALL_BYTES && entry.getSize() / MAX_RATIO > entry.getCompressedSize()) {
                throw new HubException(Kind.REFUSED, archive + ": \"" + name + "\" would grow from "
                    + entry.getCompressedSize() + " to " + entry.getSize() + " bytes, which no model does. Refused as "
                    + "a zip bomb; take it out by hand if you trust it.");
            }
            packedBytes = Math.addExact(packedBytes, entry.getCompressedSize());
            bytes = Math.addExact(bytes, entry.getSize());
        }
        if (packedBytes > archive.toFile().length()) {
            throw corrupt("is smaller than its files together (" + packedBytes + " bytes packed): they overlap", null);
        }
        Disk.require(target, bytes);
        return bytes;
    }

    /// Takes one file out.
    ///
    /// @param digest is given all bytes
    void extract(String name, Path target, Meter meter, MessageDigest digest) throws HubException {
        ZipEntry entry = entries.get(name);
        var crc = new CRC32();
        long done = 0;
        try (InputStream in = zip.getInputStream(entry); var out = create(target)) {
            var buffer = new byte[ContentHash.BUFFER_BYTES];
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                done += n;
                if (done > entry.getSize() || Thread.currentThread().isInterrupted()) {
                    break;
                }
                out.write(buffer, 0, n);
                crc.update(buffer, 0, n);
                digest.update(buffer, 0, n);
                meter.add(n);
            }
            out.getFD().sync();
        } catch (ZipException | java.io.EOFException e) {
            throw corrupt("is damaged at \"" + name + "\" (" + e.getMessage() + ")", e);
        } catch (IOException e) {
            throw Disk.trouble(e, target, entry.getSize() - done);
        }
        if (Thread.currentThread().isInterrupted()) {
            throw new HubException(Kind.INTERRUPTED, "Stopped while taking " + name + " out of " + archive + ".");
        }
        if (done != entry.getSize() || crc.getValue() != entry.getCrc()) {
            throw corrupt("is damaged: \"" + name + "\" does not have the size (" + entry.getSize()
                + ") and the check sum that are stated", null);
        }
    }

    private static FileOutputStream create(Path target) throws IOException {
        Files.createDirectories(target.getParent());
        return new FileOutputStream(target.toFile());
    }

    private HubException corrupt(String problem, Throwable cause) {
        return new HubException(Kind.CORRUPT, archive + " " + problem + ". Download it again.", cause);
    }

    @Override
    public void close() throws HubException {
        try {
            zip.close();
        } catch (IOException e) {
            throw Disk.trouble(e, archive, 0);
        }
    }
}
