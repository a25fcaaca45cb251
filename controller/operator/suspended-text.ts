/** What people and programs of a suspended organisation are told. */
export const suspendedText = 'This organisation is suspended; ask whoever runs the controller.';
