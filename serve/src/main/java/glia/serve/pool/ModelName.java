package glia.serve.pool;

import glia.engine.LanguageModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A name in requests: of a model, or `MODEL:ADAPTER` for a model with an adapter.
///
/// @param name as in the request
/// @param slot the model
/// @param adapter the name of the adapter; empty for the model without one
record ModelName(String name, Slot slot, Optional<String> adapter) {
    private static final String LATEST = ":latest";

    /// The name of a model without an adapter.
    static ModelName of(Slot slot) {
        return new ModelName(slot.name, slot, Optional.empty());
    }

    /// The names of a model and its adapters.
    static List<ModelName> all(Slot slot) {
        List<ModelName> names = new ArrayList<>(List.of(of(slot)));
        if (slot.source != null) {
            slot.source.adapters().forEach(adapter ->
                    names.add(new ModelName(slot.name + ":" + adapter, slot, Optional.of(adapter))));
        }
        return names;
    }

    /// Finds a name: of a model, an alias, or either with an adapter. Ollama's tag `:latest` means nothing.
    static Optional<ModelName> find(String name, Map<String, String> aliases, Map<String, Slot> slots) {
        Optional<ModelName> plain = plain(name, aliases, slots);
        int colon = name.lastIndexOf(':');
        if (plain.isPresent() || colon <= 0) {
            return plain;
        }
        if (name.endsWith(LATEST)) {
            return find(name.substring(0, colon), aliases, slots).map(found -> found.called(name));
        }
        String adapter = name.substring(colon + 1);
        return plain(name.substring(0, colon), aliases, slots).filter(found -> found.adapter.isEmpty())
                .filter(found -> found.slot.source != null && found.slot.source.adapters().contains(adapter))
                .map(found -> new ModelName(name, found.slot, Optional.of(adapter)));
    }

    private static Optional<ModelName> plain(String name, Map<String, String> aliases, Map<String, Slot> slots) {
        Slot slot = slots.get(name);
        if (slot != null) {
            return Optional.of(of(slot));
        }
        String target = aliases.get(name);
        return target == null ? Optional.empty()
                : find(target, Map.of(), slots).map(found -> found.called(name));
    }

    ModelName called(String other) {
        return new ModelName(other, slot, adapter);
    }

    /// The model as requests of this name use it.
    LanguageModel of(LanguageModel model) {
        return adapter.isEmpty() ? model : model.withAdapter(adapter.get());
    }
}
