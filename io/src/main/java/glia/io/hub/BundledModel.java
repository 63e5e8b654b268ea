package glia.io.hub;

import glia.io.hub.HubException.Kind;
import glia.io.hub.ModelLocation.Origin;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32;

/// A model that is shipped with Glia, in the Hugging Face layout.
///
/// @param name as a user names it
/// @param summary what it is, for the explanation of its location
/// @param files the names of its files
record BundledModel(String name, String summary, List<String> files) {
    /// A Llama with 260,000 parameters that Andrej Karpathy trained on TinyStories.
    ///
    /// @see <a href="https://huggingface.co/karpathy/tinyllamas">tinyllamas</a>
    static final BundledModel STORIES = new BundledModel("stories260K", "the story model that is shipped with Glia",
        List.of("NOTICE", "config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"));
    /// A Llama with 2.7 million parameters that was trained on solver traces and by their rewards.
    static final BundledModel REASONER = new BundledModel("reasoner", "a small model that is shipped with Glia. It "
        + "thinks about two kinds of problems, such as \"Use 3, 7 and 11 to make 32.\" and \"Solve x^2 - 5x + 6 = 0.\"",
        List.of("config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "router.json",
            "scope.json", "model.safetensors"));
    /// All of them, the default model's substitute first.
    static final List<BundledModel> ALL = List.of(STORIES, REASONER);

    private static final int CHECKED_BYTES = 1 << 16;

    /// The model of a name.
    static Optional<BundledModel> of(String name) {
        return ALL.stream().filter(model -> model.name.equals(name)).findFirst();
    }

    ModelLocation locate(GliaCache cache, Progress progress) throws HubException {
        return new ModelLocation(unpack(cache, progress), Origin.BUNDLED, name + ", " + summary);
    }

    /// The model's folder in Glia's cache; unpacks it the first time.
    Path unpack(GliaCache cache, Progress progress) throws HubException {
        return cache.make(GliaCache.Kind.BUNDLED, folder(), progress, folder -> {
            for (String file : files) {
                try (InputStream in = open(file)) {
                    Files.copy(in, folder.resolve(file));
                }
            }
        });
    }

    /// The name with a checksum of the beginning of each file: a copy of older ones is not used. The first tensors
    /// differ after any training.
    private String folder() throws HubException {
        CRC32 checksum = new CRC32();
        for (String file : files) {
            try (InputStream in = open(file)) {
                checksum.update(in.readNBytes(CHECKED_BYTES));
            } catch (HubException e) {
                throw e;
            } catch (IOException e) {
                throw new HubException(Kind.CORRUPT, "This copy of Glia has a damaged " + name + "/" + file + " ("
                    + e.getMessage() + "); build it again.");
            }
        }
        return name + "-" + Long.toHexString(checksum.getValue());
    }

    private InputStream open(String file) throws HubException {
        InputStream in = BundledModel.class.getResourceAsStream(name + "/" + file);
        if (in == null) {
            throw new HubException(Kind.CORRUPT, "This copy of Glia lacks " + name + "/" + file + "; build it again.");
        }
        return in;
    }
}
