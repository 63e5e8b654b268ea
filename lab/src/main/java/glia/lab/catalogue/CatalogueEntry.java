package glia.lab.catalogue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.Families;
import glia.model.spec.ModelSpec;
import java.nio.file.Path;
import java.util.Optional;

/// A model of the catalogue.
public sealed interface CatalogueEntry {
    /// The id, such as `llama-3.1-8b`.
    String id();

    /// The series of models.
    String series();

    /// The published name.
    String name();

    /// A model whose architecture was published.
    ///
    /// @param config the name of its config, which several models may share
    /// @param total the published number of parameters
    /// @param active the published number of active parameters per token; empty for a dense model
    /// @param saidIn the source of the figures
    /// @param configFrom the source of the config
    record Disclosed(String id, String series, String name, String config, Figure total, Optional<Figure> active,
            String saidIn, String configFrom) implements CatalogueEntry {
        /// The spec of the config.
        ///
        /// @throws CheckpointException if the family of its config refuses it
        public ModelSpec spec() throws CheckpointException {
            String file = config + ".json";
            Config read = Config.parse(Path.of(file), Catalogue.text(file));
            String type = read.text("model_type");
            return Families.ofModelType(type).orElseThrow(() -> read.error("model_type", "no family answers to '"
                    + type + "'")).spec(read);
        }

        /// The spec, which every config of the catalogue that comes with Glia has.
        public ModelSpec validSpec() {
            try {
                return spec();
            } catch (CheckpointException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /// A model whose sizes and architecture are not published.
    ///
    /// @param said what is published
    record Undisclosed(String id, String series, String name, String said) implements CatalogueEntry { }
}
