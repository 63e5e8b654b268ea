/// Training: checkpoints, data, tokenizers, optimizers and learning-rate schedules.
module glia.train {
    requires transitive glia.engine;

    uses glia.train.recipe.RecipeExtension;

    exports glia.train.checkpoint;
    exports glia.train.codec;
    exports glia.train.compare;
    exports glia.train.corpus;
    exports glia.train.data;
    exports glia.train.distillation;
    exports glia.train.interpret;
    exports glia.train.loss;
    exports glia.train.memory;
    exports glia.train.expert;
    exports glia.train.optim;
    exports glia.train.recipe;
    exports glia.train.report;
    exports glia.train.run;
    exports glia.train.schedule;
    exports glia.train.tokenizer;
}
