package glia.io.hub;

import glia.io.hub.HubException.Kind;
import java.io.EOFException;
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

/// The files of a zip or wheel from an untrusted source. Names are checked; stated sizes must be plausible before
/// anything is written and correct while it is written; checksums must match.
///
/// @see <a href="https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT">the format</a>
final class ArchiveEntries implements AutoCloseable {
    private static final int MAX_ENTRIES = 100_000;
    /// Weights hardly compress; deflate reaches 1032 on zeros.
    private static final long MAX_RATIO = 200;
    private static final long SMALL_BYTES = 64 << 20;

    private final Path archive;
    private final ZipFile zip;
    private final Map<String, ZipEntry> entries = new LinkedHashMap<>();

    /// @throws HubException (CORRUPT) if it is not a zip or contradicts itself, (REFUSED) if a name could leave its
    ///     folder
    ArchiveEntries(Path archive) throws HubException {
        this.archive = archive;
        try {
            zip = new ZipFile(archive.toFile());
        } catch (ZipException e) {
            throw corrupt("is not a complete zip archive: " + e.getMessage(), e);
        } catch (EOFException e) {
            throw corrupt("is not a complete zip archive: the record at its end states a comment that is longer than "
                + "the rest of the file", e);
        } catch (IOException e) {
            throw Disk.unreadable(e, archive);
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
            throw new HubException(Kind.REFUSED, archive + " holds " + zip.size() + " files, expected at most "
                + MAX_ENTRIES + ". Extract the model by hand and give its folder.");
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

    /// Checks the stated sizes of some files before any is extracted to `target`.
    ///
    /// @return their total size
    long requirePlausible(List<String> names, Path target) throws HubException {
        long archiveBytesLeft = archive.toFile().length();
        long bytes = 0;
        long compressedBytes = 0;
        for (String name : names) {
            ZipEntry entry = entries.get(name);
            if (entry.getSize() < 0 || entry.getCompressedSize() < 0) {
                throw corrupt("does not state the size of \"" + name + "\"", null);
            }
            requireNoBomb("\"" + name + "\"", entry.getCompressedSize(), entry.getSize());
            archiveBytesLeft -= entry.getCompressedSize();
            if (archiveBytesLeft < 0) {
                throw corrupt("has overlapping files: together they have more compressed bytes than the archive", null);
            }
            bytes = Math.addExact(bytes, entry.getSize());
            compressedBytes += entry.getCompressedSize();
        }
        requireNoBomb("its " + names.size() + " files of the model", compressedBytes, bytes);
        Disk.require(target, bytes);
        return bytes;
    }

    private void requireNoBomb(String what, long compressedBytes, long bytes) throws HubException {
        if (bytes > SMALL_BYTES && bytes / MAX_RATIO > compressedBytes) {
            throw new HubException(Kind.REFUSED, archive + ": " + what + " would grow from " + compressedBytes + " to "
                + bytes + " bytes, more than any model does. Refused as a zip bomb; extract it by hand if you trust "
                + "it.");
        }
    }

    /// Extracts one file.
    ///
    /// @param digest updated with all bytes
    void extract(String name, Path target, ProgressMeter meter, MessageDigest digest) throws HubException {
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
        } catch (ZipException | EOFException e) {
            throw corrupt("is damaged at \"" + name + "\": " + reason(e), e);
        } catch (IOException e) {
            throw Disk.trouble(e, target, entry.getSize() - done);
        }
        if (Thread.currentThread().isInterrupted()) {
            throw new HubException(Kind.INTERRUPTED, "Stopped while extracting " + name + " from " + archive + ".");
        }
        if (done != entry.getSize() || crc.getValue() != entry.getCrc()) {
            throw corrupt("is damaged: \"" + name + "\" does not have the stated size (" + entry.getSize()
                + " bytes) and checksum", null);
        }
    }

    private static String reason(IOException e) {
        boolean isMisplaced = e instanceof EOFException || String.valueOf(e.getMessage()).contains("LOC header");
        return isMisplaced ? "its directory gives a wrong offset for this file" : e.getMessage();
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
