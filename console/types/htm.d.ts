/** The types that the package brings describe a CommonJS module. Browsers load its ES module. */
declare const htm: {
  /** Makes a tag for templates that builds nodes with `h`. */
  bind<Node>(
    h: (type: never, props: never, ...children: never[]) => Node,
  ): (strings: TemplateStringsArray, ...values: unknown[]) => Node | Node[];
};
export default htm;
