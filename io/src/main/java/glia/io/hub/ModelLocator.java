package glia.io.hub;

import glia.io.ContentSniffer;
import glia.io.Suggestions;
import glia.io.gguf.GgufCheckpoint;
import glia.io.hub.HubException.Kind;
import glia.io.pytorch.PickleCheckpoint;
import glia.io.hub.ModelLocation.Origin;
import glia.io.hub.Progress.PrintableProgress;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/// Resolves a model that the user named to files on the disk. In this order:
///
/// 1. a folder in the Hugging Face layout (or with GGUF files in it, or a model's folder in the hub's cache);
/// 2. a `.gguf` file, or a `.safetensors` file with its `config.json` beside it;
/// 3. a zip or wheel that contains one of these, or `ARCHIVE:NAME` for one of several;
/// 4. `stories260K` or `reasoner`, which are shipped with Glia, or a name in Glia's own cache ([ModelCache#list]);
/// 5. the [DefaultModel] by its name, with or without owner;
/// 6. a name on the hub, `owner/name[@revision][:file]`, or its address ([HubAddress]): from the hub's cache, else from
///    the hub; the owner can be left out where the cache has one model of this name.
public final class ModelLocator {
    /// What the models that are shipped with Glia can do.
    public static final String SHIPPED_NOTE = "stories260K continues small stories; reasoner solves two kinds of "
            + "problems and refuses others (glia inspect reasoner).";

    private static final Set<Kind> MISSING = EnumSet.of(Kind.NOT_FOUND, Kind.DENIED);

    private final HubSettings settings;
    /// Created when needed: local files need no client.
    private final Supplier<HubClient> hub;
    private final Pip pip;
    private final PackagedModel packaged;
    private final GliaCache cache;

    public ModelLocator(HubSettings settings) {
        this(settings, () -> new HubClient(settings), Pip.ofSystem(), PackagedModel.SMOLLM2);
    }

    ModelLocator(HubSettings settings, Supplier<HubClient> hub, Pip pip, PackagedModel packaged) {
        this.settings = settings;
        this.hub = hub;
        this.pip = pip;
        this.packaged = packaged;
        this.cache = new GliaCache(settings.gliaCache());
    }

    /// The names of the models that are shipped with Glia.
    public static List<String> shipped() {
        return BundledModel.ALL.stream().map(BundledModel::name).toList();
    }

    /// Finds a model, and fetches it if it is not on the disk.
    ///
    /// @param model as the user typed it
    /// @throws HubException if Glia cannot use it; the message says what was tried and what to do
    public ModelLocation locate(String model, Progress progress) throws HubException {
        return locate(model, new PrintableProgress(progress), false);
    }

    /// Finds a local model as [#locate] does, but fetches the current files of a model on the hub even if the cache has
    /// the model.
    ///
    /// @throws HubException if Glia cannot use it, or the hub cannot be reached
    public ModelLocation pull(String model, Progress progress) throws HubException {
        return locate(model, new PrintableProgress(progress), true);
    }

    /// Finds a model that is shipped with Glia or lies in a cache, by its name alone. Unlike in [#locate] a name is
    /// never read as a path or an address, and nothing is fetched, so it may come from a request.
    ///
    /// @param name as [ModelCache#list] has it, a hub name with revision or file, or the name of a shipped model
    /// @throws HubException (DISK) if a cache cannot be read
    public Optional<ModelLocation> cached(String name) throws HubException {
        Optional<BundledModel> bundled = BundledModel.of(name);
        if (bundled.isPresent()) {
            return Optional.of(bundled.get().locate(cache, Progress.NONE));
        }
        for (GliaCache.Kind kind : GliaCache.Kind.values()) {
            if (cache.names(kind).contains(name)) {
                return Optional.of(ofFolder(cache.folder(kind, name), ""));
            }
        }
        if (DefaultModel.isNamed(name)) {
            return new DefaultModel(hub.get(), cache, pip, packaged).cached();
        }
        Optional<HubName> parsed = hubNameOf(name);
        return parsed.isPresent() ? hub.get().find(parsed.get()) : Optional.empty();
    }

    /// The same, but downloads a model that no cache has from the hub.
    ///
    /// @throws HubException if it cannot be downloaded; the message says why
    public Optional<ModelLocation> named(String name, Progress progress) throws HubException {
        Optional<ModelLocation> cached = cached(name);
        Optional<HubName> parsed = cached.isPresent() ? Optional.empty() : hubNameOf(name);
        return parsed.isPresent() ? Optional.of(ofHub(parsed.get(), new PrintableProgress(progress), false)) : cached;
    }

    private static Optional<HubName> hubNameOf(String name) {
        try {
            return Optional.of(HubName.parse(name));
        } catch (HubException e) {
            return Optional.empty();
        }
    }

    private ModelLocation locate(String model, Progress progress, boolean refresh) throws HubException {
        Optional<Path> path = existing(model);
        if (path.isPresent()) {
            return ofPath(path.get(), "", progress);
        }
        int colon = model.lastIndexOf(':');
        Optional<Path> archive = colon > 1 ? existing(model.substring(0, colon)) : Optional.empty();
        if (archive.isPresent()) {
            return ofPath(archive.get(), model.substring(colon + 1), progress);
        }
        Optional<BundledModel> bundled = BundledModel.of(model);
        if (bundled.isPresent()) {
            return bundled.get().locate(cache, progress);
        }
        for (GliaCache.Kind kind : GliaCache.Kind.values()) {
            if (cache.names(kind).contains(model)) {
                return ofFolder(cache.folder(kind, model), "");
            }
        }
        return ofHub(hubName(model), progress, refresh);
    }

    private static Optional<Path> existing(String text) {
        try {
            return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text)).filter(Files::exists);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    private ModelLocation ofPath(Path path, String inner, Progress progress) throws HubException {
        if (Files.isDirectory(path)) {
            return ofFolder(path, inner);
        }
        byte[] head = head(path);
        String magic = new String(head, 0, Math.min(4, head.length), StandardCharsets.ISO_8859_1);
        String name = path.toString().toLowerCase(Locale.ROOT);
        Path config = path.toAbsolutePath().resolveSibling("config.json");
        boolean isDescribed = Files.isRegularFile(config) || Files.isRegularFile(config.resolveSibling("params.json"));
        boolean isWeights = name.endsWith(".safetensors") || PickleCheckpoint.isNamed(name);
        if (magic.startsWith("PK") && !(isWeights && isDescribed)) {
            return new ArchiveModel(cache).locate(path, inner, progress);
        }
        if (!inner.isEmpty()) {
            throw new HubException(Kind.NAME, path + " is not a zip or wheel, so it contains no \"" + inner + "\".");
        }
        String stub = ContentSniffer.describeStub(head);
        if (!stub.isEmpty()) {
            throw new HubException(Kind.CORRUPT, path + ": found " + stub + ".");
        }
        if (magic.equals("GGUF") || isWeights && isDescribed) {
            return new ModelLocation(path, Origin.LOCAL, "The file " + path);
        }
        throw new HubException(Kind.NOT_FOUND, isWeights
            ? path + " has no config.json beside it. The file describes the architecture: get it from where the "
                + "weights come from, and put it at " + config + "."
            : path + " is not a model in a format that Glia reads (GGUF, safetensors, pytorch_model.bin, or "
                    + "a zip with one of these): "
                + "found " + ContentSniffer.describe(head) + "." + (name.matches(".*\\.(ckpt|onnx)")
                ? " It must be converted first." : ""));
    }

    private static byte[] head(Path path) throws HubException {
        try (InputStream in = Files.newInputStream(path)) {
            return in.readNBytes(ContentSniffer.HEAD_BYTES);
        } catch (IOException e) {
            throw Disk.unreadable(e, path);
        }
    }

    private static ModelLocation ofFolder(Path folder, String wanted) throws HubException {
        Path snapshots = folder.resolve("snapshots");
        if (Files.isDirectory(snapshots) && !Files.exists(folder.resolve("config.json"))) {
            return ofFolder(onlySnapshot(folder, snapshots), wanted);
        }
        List<String> files = HubCache.files(folder).stream().filter(name -> name.equals(wanted)
            || !GgufCheckpoint.isProjector(folder.resolve(name))).toList();
        ModelFiles selected = ModelFiles.of(files, wanted, "The folder " + folder);
        Path path = selected.main().isEmpty() ? folder : folder.resolve(selected.main());
        return new ModelLocation(path, Origin.LOCAL, (selected.main().isEmpty() ? "The folder " : "The file ") + path);
    }

    /// The snapshot in a model's folder of the hub's cache: that of the branch `main`, else the only one.
    private static Path onlySnapshot(Path folder, Path snapshots) throws HubException {
        try (var all = Files.list(snapshots)) {
            List<Path> found = all.filter(Files::isDirectory).toList();
            Path main = folder.resolve("refs").resolve(HubName.MAIN);
            String commit = Files.isRegularFile(main) ? Files.readString(main).strip() : "";
            return found.stream().filter(path -> found.size() == 1 || path.getFileName().toString().equals(commit))
                .findFirst().orElseThrow(() -> new HubException(Kind.NOT_FOUND,
                    folder + " holds " + found.size() + " snapshots; name the folder of one of them."));
        } catch (IOException e) {
            throw Disk.unreadable(e, snapshots);
        }
    }

    /// Reads a name or an address. A name that ends like a file means a missing file, since the hub has no such models.
    private HubName hubName(String model) throws HubException {
        Optional<HubName> address = HubAddress.parse(model, settings.endpoint());
        if (address.isPresent()) {
            return address.get();
        }
        Optional<HubName> known = knownName(model);
        if (known.isPresent()) {
            return known.get();
        }
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
            + "\" in " + Path.of("").toAbsolutePath() + ", and it is not a name on the hub, which has the form "
            + "owner/name." + Suggestions.sentence(model, known()));
    }

    /// The default model, or the one cached model of this name, without regard to case and with or without owner.
    private Optional<HubName> knownName(String model) throws HubException {
        String base = model.replaceFirst("(?s)[@:].*", "");
        Set<String> matches = new LinkedHashSet<>();
        if (DefaultModel.isNamed(base)) {
            matches.add(DefaultModel.NAME.repository());
        } else {
            for (HubName name : hubCache().names()) {
                if (base.equals(name.repository())) {
                    return Optional.empty();
                }
                if (base.equalsIgnoreCase(name.repository()) || base.equalsIgnoreCase(name.name())) {
                    matches.add(name.repository());
                }
            }
        }
        return matches.size() != 1 ? Optional.empty()
            : Optional.of(HubName.parse(matches.iterator().next() + model.substring(base.length())));
    }

    private ModelLocation ofHub(HubName name, Progress progress, boolean refresh) throws HubException {
        HubClient client = hub.get();
        try {
            if (DefaultModel.isNamed(name.repository()) && name.revision().equals(HubName.MAIN)
                && name.file().isEmpty()) {
                DefaultModel model = new DefaultModel(client, cache, pip, packaged);
                if (!refresh || model.cached().isEmpty()) {
                    return model.locate(progress);
                }
            }
            Optional<ModelLocation> cached = refresh ? Optional.empty() : client.find(name);
            return cached.isPresent() ? cached.get() : client.pull(name, progress);
        } catch (HubException e) {
            throw MISSING.contains(e.kind()) ? new HubException(e.kind(), e.getMessage() + " There is no file or "
                + "folder of this name either." + Suggestions.sentence(name.repository(), known()), e) : e;
        }
    }

    private HubCache hubCache() {
        return new HubCache(settings.hubCache(), settings.symlinks());
    }

    private List<String> known() throws HubException {
        List<String> names = new ArrayList<>();
        for (HubName name : hubCache().names()) {
            names.add(name.repository());
        }
        for (GliaCache.Kind kind : GliaCache.Kind.values()) {
            names.addAll(cache.names(kind));
        }
        names.add(DefaultModel.NAME.repository());
        names.addAll(shipped());
        return names.stream().distinct().toList();
    }
}
