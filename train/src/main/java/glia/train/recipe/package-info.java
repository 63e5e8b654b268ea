/// Recipes: their keys, and the run of one.
///
/// Begin with [RecipeRun] and [RecipeKeys].
package glia.train.recipe;
