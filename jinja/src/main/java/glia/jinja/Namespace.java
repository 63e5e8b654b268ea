package glia.jinja;

import glia.jinja.value.Attributed;
import glia.jinja.value.Budget;
import glia.jinja.value.DictValue;
import glia.jinja.value.Repr;

/// An object whose attributes can be set from inner blocks, unlike the variables of outer blocks.
record Namespace(DictValue attributes) implements Attributed, Repr.Reprs {
    void set(String name, Object value, Budget budget) {
        budget.step();
        attributes.put(name, value, budget);
    }

    @Override
    public Object attribute(String name, Budget budget) {
        return attributes.get(name);
    }

    @Override
    public String typeName() {
        return "Namespace";
    }

    @Override
    public String repr(Budget budget) {
        return "<Namespace " + Repr.repr(attributes, budget) + ">";
    }
}
