package glia.lab.catalogue;

import glia.io.CheckpointException;
import glia.io.Config;
import glia.model.family.Families;
import glia.model.spec.ModelSpec;
import java.nio.file.Path;
import java.util.Optional;

/// A real model of the catalogue.
public sealed interface CatalogueEntry {
    /// By which it is found, such as `llama-3.1-8b`.
    String id();

    /// The line of models that it belongs to.
    String series();

    /// As its makers write it.
    String name();

    /// A model whose architecture was published.
    ///
    /// @param config the name of its config, which several models may share
    /// @param total its parameters as published
    /// @param active those that one token uses, as published; empty for a model that uses all
    /// @param saidIn where the figures are said
    /// @param configFrom where the config is from
    record Disclosed(String id, String series, String name, String config, Figure total, Optional<Figure> active,
            String saidIn, String configFrom) implements CatalogueEntry {
        /// What the model is, by its config alone.
        ///
        /// @throws CheckpointException if the family of its config refuses it
        public ModelSpec spec() throws CheckpointException {
            String file = config + ".json";
            Config read = Config.parse(Path.of(file), Catalogue.text(file));
            String type = read.text("model_type");
            return Families.ofModelType(type).orElseThrow(() -> read.error("model_type", "no family answers to '"
                    + type + "'")).spec(read);
        }
    }

    /// A model of which its makers tell neither sizes nor architecture.
    ///
    /// @param said what they do tell
    record Undisclosed(String id, String series, String name, String said) implements CatalogueEntry { }
}
