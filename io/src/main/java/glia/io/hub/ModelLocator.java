package glia.io.hub;

import glia.io.Suggestions;
import glia.io.hub.Choice.Origin;
import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/// Turns what a user names as a model into files on the disk. In this order:
///
/// 1. a folder in the Hugging Face layout (or one with GGUF files in it, or a model's folder in the hub's cache);
/// 2. a `.gguf` file, or a `.safetensors` file with its `config.json` beside it;
/// 3. a zip or wheel with one of these in it, or `ARCHIVE:NAME` for one of several;
/// 4. `stories260K`, the model that is shipped with Glia, or another name in Glia's own cache ([ModelCache#list]);
/// 5. a hub name `owner/name[@revision][:file]`, from the hub's cache or else from the hub.
public final class ModelLocator {
    private static final int MAGIC_BYTES = 4;

    private final HubSettings settings;
    /// Made where it is needed: what is on the disk needs no client of the hub.
    private final Supplier<HubClient> hub;
    private final GliaCache cache;

    public ModelLocator(HubSettings settings) {
        this(settings, () -> new HubClient(settings));
    }

    ModelLocator(HubSettings settings, Supplier<HubClient> hub) {
        this.settings = settings;
        this.hub = hub;
        this.cache = new GliaCache(settings.gliaCache());
    }

    /// @param model as the user typed it
    /// @throws HubException if it is nothing that Glia can use; the message says what was tried and what to do
    public Choice locate(String model, Progress progress) throws HubException {
        Optional<Path> path = existing(model);
        if (path.isPresent()) {
            return ofPath(path.get(), "", progress);
        }
        int colon = model.lastIndexOf(':');
        Optional<Path> archive = colon > 1 ? existing(model.substring(0, colon)) : Optional.empty();
        if (archive.isPresent()) {
            return ofPath(archive.get(), model.substring(colon + 1), progress);
        }
        if (model.equals(EmbeddedModel.NAME)) {
            return new Choice(EmbeddedModel.unpack(cache, progress), Origin.EMBEDDED,
                EmbeddedModel.NAME + ", the story model that is shipped with Glia");
        }
        for (GliaCache.Kind kind : GliaCache.Kind.values()) {
            if (cache.names(kind).contains(model)) {
                return ofFolder(cache.folder(kind, model), "");
            }
        }
        return ofHub(hubName(model), progress);
    }

    private static Optional<Path> existing(String text) {
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text)).filter(Files::exists);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private Choice ofPath(Path path, String inner, Progress progress) throws HubException {
        String name = path.toString().toLowerCase(Locale.ROOT);
        if (Files.isDirectory(path)) {
            return ofFolder(path, inner);
        }
        String magic = magic(path);
        if (magic.startsWith("PK")) {
            return new ArchiveModel(cache).take(path, inner, progress);
        }
        if (!inner.isEmpty()) {
            throw new HubException(Kind.NAME, path + " is no zip or wheel, so there is no \"" + inner + "\" in it.");
        }
        if (magic.equals("GGUF")) {
            return new Choice(path, Origin.LOCAL, "The file " + path);
        }
        if (name.endsWith(".safetensors")) {
            Path config = path.toAbsolutePath().resolveSibling("config.json");
            if (!Files.isRegularFile(config)) {
                throw new HubException(Kind.NOT_FOUND, path + " has no config.json beside it (looked for " + config
                    + "), which says what model its tensors make.");
            }
            return new Choice(path, Origin.LOCAL, "The file " + path);
        }
        throw new HubException(Kind.NOT_FOUND, path + " is not a model that Glia reads. It is neither GGUF nor "
            + "safetensors nor a zip, but "
            + (magic.isEmpty() ? "is empty" : "begins with \"" + FileNames.printable(magic) + "\"")
            + (name.matches(".*\\.(bin|pt|pth|ckpt|onnx)") ? "; pickled and ONNX models must be converted first."
            : "."));
    }

    /// The file's first four bytes, as text.
    private static String magic(Path path) throws HubException {
        try (InputStream in = Files.newInputStream(path)) {
            return new String(in.readNBytes(MAGIC_BYTES), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw Disk.trouble(e, path, 0);
        }
    }

    private static Choice ofFolder(Path folder, String wanted) throws HubException {
        Path snapshots = folder.resolve("snapshots");
        if (Files.isDirectory(snapshots) && !Files.exists(folder.resolve("config.json"))) {
            return ofFolder(onlySnapshot(folder, snapshots), wanted);
        }
        FileChoice choice = FileChoice.of(HubCache.files(folder), wanted, "The folder " + folder);
        Path path = choice.main().isEmpty() ? folder : folder.resolve(choice.main());
        return new Choice(path, Origin.LOCAL, (choice.main().isEmpty() ? "The folder " : "The file ") + path);
    }

    /// The snapshot in a model's folder of the hub's cache: the one that `main` means, else the only one.
    private static Path onlySnapshot(Path folder, Path snapshots) throws HubException {
        try (var all = Files.list(snapshots)) {
            List<Path> found = all.filter(Files::isDirectory).toList();
            Path main = folder.resolve("refs").resolve(HubName.MAIN);
            String commit = Files.isRegularFile(main) ? Files.readString(main).strip() : "";
            return found.stream().filter(path -> found.size() == 1 || path.getFileName().toString().equals(commit))
                .findFirst().orElseThrow(() -> new HubException(Kind.NOT_FOUND,
                    folder + " holds " + found.size() + " snapshots; name the folder of one of them."));
        } catch (IOException e) {
            throw Disk.trouble(e, snapshots, 0);
        }
    }

    /// A name that ends like a file is taken for a file that is not there: the hub has no such models.
    private HubName hubName(String model) throws HubException {
        try {
            HubName name = HubName.parse(model);
            if (!name.name().matches("(?i).*\\.(gguf|safetensors|zip|whl)")) {
                return name;
            }
        } catch (HubException e) {
            if (e.kind() == Kind.REFUSED) {
                throw e;
            }
        }
        throw new HubException(Kind.NAME, "There is no file or folder \"" + FileNames.printable(model)
            + "\" (looked in " + Path.of("").toAbsolutePath() + "), and it is not a name on the hub, which would be "
            + "owner/name." + Suggestions.sentence(model, known()));
    }

    private Choice ofHub(HubName name, Progress progress) throws HubException {
        HubClient client = hub.get();
        Optional<Choice> cached = client.find(name);
        if (cached.isPresent()) {
            return cached.get();
        }
        try {
            return client.pull(name, progress);
        } catch (HubException e) {
            throw new HubException(e.kind(), e.getMessage() + instead(name), e);
        }
    }

    /// What else there is, in a sentence: a copy of the default model, or names that come close.
    private String instead(HubName name) throws HubException {
        boolean copied = name.equals(DefaultModel.NAME) && PackagedModel.SMOLLM2.find(cache).isPresent();
        return copied ? " The cache has a copy from a Python package: " + PackagedModel.SMOLLM2.folderName() + "."
            : Suggestions.sentence(name.repository(), known());
    }

    private List<String> known() throws HubException {
        List<String> names = new ArrayList<>();
        for (HubName name : new HubCache(settings.hubCache(), settings.symlinks()).names()) {
            names.add(name.repository());
        }
        for (GliaCache.Kind kind : GliaCache.Kind.values()) {
            names.addAll(cache.names(kind));
        }
        names.add(DefaultModel.NAME.repository());
        names.add(EmbeddedModel.NAME);
        return names.stream().distinct().toList();
    }
}
