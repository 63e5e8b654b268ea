/// Pictures that models generate.
///
/// Begin with [PictureGenerator].
package glia.engine.picture;
